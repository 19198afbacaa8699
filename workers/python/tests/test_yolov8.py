"""YOLOv8 against what is published of it, and its boxes against the formula by hand."""

import pytest

torch = pytest.importorskip("torch")

from assay_worker.engines.torch_engine.networks.yolov8 import YoloConfig, YoloV8  # noqa: E402

# depth, width, most channels and parameters (80 classes), as published with the five sizes.
SIZES = {
    "n": (0.33, 0.25, 1024, 3_157_200),
    "s": (0.33, 0.50, 1024, 11_166_560),
    "m": (0.67, 0.75, 768, 25_902_640),
    "l": (1.00, 1.00, 512, 43_691_520),
    "x": (1.00, 1.25, 512, 68_229_648),
}
SMALL = YoloConfig(
    classes=3, depth_multiple=0.33, width_multiple=0.125, max_channels=512, reg_max=16, strides=(8, 16, 32)
)


@pytest.mark.parametrize("size", SIZES)
def test_has_as_many_parameters_as_published(size: str) -> None:
    depth, width, channels, parameters = SIZES[size]
    with torch.device("meta"):
        network = YoloV8(YoloConfig(80, depth, width, channels, reg_max=16, strides=(8, 16, 32)))
    assert sum(weight.numel() for weight in network.parameters()) == parameters


def test_names_its_weights_as_published_checkpoints_do() -> None:
    names = YoloV8(SMALL).state_dict()
    for name in (
        "model.0.conv.weight",
        "model.0.bn.running_var",
        "model.2.cv2.conv.weight",
        "model.2.m.0.cv2.conv.weight",
        "model.4.m.1.cv1.bn.bias",
        "model.9.cv2.conv.weight",
        "model.22.cv2.0.1.conv.weight",
        "model.22.cv2.2.2.bias",
        "model.22.cv3.1.0.bn.weight",
        "model.22.dfl.conv.weight",
    ):
        assert name in names


def test_gives_the_box_whose_sides_lie_as_far_from_the_anchor_as_the_distributions_say() -> None:
    torch.manual_seed(3)
    height, width = 64, 96
    cells = [
        (stride, row, column)
        for stride in (8, 16, 32)
        for row in range(height // stride)
        for column in range(width // stride)
    ]
    distances = torch.randn(2, len(cells), 4, 16)
    boxes = YoloV8(SMALL).boxes_of(distances, height, width)
    shares = distances.double().exp() / distances.double().exp().sum(-1, keepdim=True)
    mean = (shares * torch.arange(16)).sum(-1)
    for batch in range(2):
        for index, (stride, row, column) in enumerate(cells):
            left, top, right, bottom = (mean[batch, index] * stride).tolist()
            x, y = (column + 0.5) * stride, (row + 0.5) * stride
            expected = [x + (right - left) / 2, y + (bottom - top) / 2, left + right, top + bottom]
            assert boxes[batch, index].tolist() == pytest.approx(expected, abs=1e-3)


def test_gives_the_scores_of_the_finest_level_first_a_row_for_each_anchor() -> None:
    """Each level's last convolution is made to tell its level and its classes."""
    network = YoloV8(SMALL).eval()
    for level, branch in enumerate(network.model[22].cv3):
        torch.nn.init.zeros_(branch[2].weight)
        branch[2].bias.data = torch.tensor([10.0, 20.0, 30.0]) + level
    logits, pred_boxes = network(torch.rand(1, 3, 64, 96))
    assert logits.shape == (1, 96 + 24 + 6, 3)
    assert pred_boxes.shape == (1, 96 + 24 + 6, 4)
    for level, (start, end) in enumerate(((0, 96), (96, 120), (120, 126))):
        assert (logits[0, start:end] == torch.tensor([10.0, 20.0, 30.0]) + level).all()
