"""What transformers makes of conversations by chat templates: for each directory of a tokenizer, and each conversation, text and token ids.

python rendered.py CONVERSATIONS DIRECTORY... (prints JSON; null where the template refuses the conversation)
"""

import json
import sys
from pathlib import Path
from typing import Any

from jinja2.exceptions import TemplateError
from transformers import AutoTokenizer


def rendered(tokenizer: Any, messages: list[dict[str, str]]) -> dict[str, Any] | None:
    """The text with the generation prompt, and its ids as transformers feeds them."""
    try:
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]
    except TemplateError:
        return None
    return {"text": text, "ids": ids}


def main() -> None:
    """Prints one list for each directory."""
    conversations = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    tokenizers = [AutoTokenizer.from_pretrained(directory) for directory in sys.argv[2:]]
    print(json.dumps([[rendered(tokenizer, messages) for messages in conversations] for tokenizer in tokenizers]))


if __name__ == "__main__":
    main()
