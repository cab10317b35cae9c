/**
 * The tracing room: spans of what a request or a job does, told to a collector by OTLP where one is configured. Sole importer of OpenTelemetry,
 * which is loaded only then; otherwise a span costs one comparison. It refuses values: what goes into a span are names of ours,
 * numbers and ids, never what somebody sent, nor a statement's parameters, nor an error's message.
 * Entered by whatever runs requests, statements and jobs, and by the process that starts it.
 */
export { inSpan, isTracing, traceparent } from './span.ts'
export type { Attributes, Note } from './span.ts'
export { startTracing } from './start.ts'
