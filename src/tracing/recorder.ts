import { hostname } from 'node:os'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Context, Span } from '@opentelemetry/api'
import { ExportResultCode, parseTraceParent } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { LiveSpan, Recorder, SpanStart } from './span.ts'
import type { TracingOptions } from './start.ts'

/** Beyond these, spans are dropped: a collector that is away must not fill the memory. */
const KEPT_SPANS = 2048
const EVERY_MS = 2000
const EXPORT_WITHIN_MS = 5000
const TELL_EVERY_MS = 60_000

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
}

/** What makes spans and delivers them in batches, beside the work. `shutdown` delivers the last ones. */
export function createRecorder(options: TracingOptions): {
  recorder: Recorder
  shutdown: () => Promise<void>
} {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'cardea',
      'service.instance.id': `${hostname()}:${process.pid}`,
      'cardea.role': options.role,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.ratio) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: exporterOf(options),
        maxQueueSize: KEPT_SPANS,
        scheduledDelayMillis: EVERY_MS,
        exportTimeoutMillis: EXPORT_WITHIN_MS,
      }),
    ],
  })
  const tracer = provider.getTracer('cardea')
  const spans = new WeakMap<LiveSpan, Span>()

  function contextOf({ parent }: SpanStart, around: LiveSpan | undefined): Context {
    const remote = parent === undefined ? null : parseTraceParent(parent)
    if (remote) return trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true })
    const span = around && spans.get(around)
    return span ? trace.setSpan(ROOT_CONTEXT, span) : ROOT_CONTEXT
  }

  return {
    recorder: {
      begin(start, around) {
        const { name, kind = 'internal', attributes = {} } = start
        const span = tracer.startSpan(name, { kind: kinds[kind], attributes }, contextOf(start, around))
        const live = liveSpan(span)
        spans.set(live, span)
        return live
      },
    },
    shutdown: () => provider.shutdown(),
  }
}

function liveSpan(span: Span): LiveSpan {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return {
    note(attributes, failed = false) {
      span.setAttributes(attributes)
      if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
    },
    end: () => span.end(),
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
  }
}

/** Delivers spans, and says when that fails. */
function exporterOf({ endpoint, headers, onTrouble }: TracingOptions): SpanExporter {
  const otlp = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: { ...headers },
    timeoutMillis: EXPORT_WITHIN_MS,
  })
  let toldAt = -Infinity
  return {
    export(spans, done) {
      otlp.export(spans, (result) => {
        if (result.code !== ExportResultCode.SUCCESS && performance.now() - toldAt > TELL_EVERY_MS) {
          toldAt = performance.now()
          onTrouble(result.error?.name ?? 'unknown')
        }
        done(result)
      })
    },
    shutdown: () => otlp.shutdown(),
    forceFlush: () => otlp.forceFlush(),
  }
}
