/** A whole run as its log: every status, a retry, a resumption, several batches, three devices. No clock and no chance in it. */
import type { EventBody, RunEvent } from '../../src/events/event.ts';
import type { Summary } from '../../src/events/result.ts';
export declare const RUN = "20250611-142233-7f3a";
export declare const UNITS: {
    readonly reference: {
        id: string;
        model: string;
        category: "llm" | "onnx";
        device: string;
        precision: "bf16" | "fp16" | "fp32" | "int4" | "int8";
    };
    readonly emulated: {
        id: string;
        model: string;
        category: "llm" | "onnx";
        device: string;
        precision: "bf16" | "fp16" | "fp32" | "int4" | "int8";
    };
    readonly wrong: {
        id: string;
        model: string;
        category: "llm" | "onnx";
        device: string;
        precision: "bf16" | "fp16" | "fp32" | "int4" | "int8";
    };
    readonly flaky: {
        id: string;
        model: string;
        category: "llm" | "onnx";
        device: string;
        precision: "bf16" | "fp16" | "fp32" | "int4" | "int8";
    };
    readonly skipped: {
        id: string;
        model: string;
        category: "llm" | "onnx";
        device: string;
        precision: "bf16" | "fp16" | "fp32" | "int4" | "int8";
    };
    readonly slow: {
        id: string;
        model: string;
        category: "llm" | "onnx";
        device: string;
        precision: "bf16" | "fp16" | "fp32" | "int4" | "int8";
    };
    readonly undecided: {
        id: string;
        model: string;
        category: "llm" | "onnx";
        device: string;
        precision: "bf16" | "fp16" | "fp32" | "int4" | "int8";
    };
    readonly crashed: {
        id: string;
        model: string;
        category: "llm" | "onnx";
        device: string;
        precision: "bf16" | "fp16" | "fp32" | "int4" | "int8";
    };
};
export declare function summarise(median: number, count?: number, spread?: number): Summary;
export declare function bodies(): Generator<EventBody>;
/** Bodies as a log: numbered, 1.7 s apart, and an hour apart where the run was resumed. */
export declare function number(events: Iterable<EventBody>): Generator<RunEvent>;
export declare const log: () => RunEvent[];
