import { z } from 'zod'
import { fallingBackTo, leftOut } from './variable.ts'

const collector = z.string().refine((text) => {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === ''
}, 'must be an http or https address')

/** `name=value` pairs, separated by commas; values percent-encoded (OpenTelemetry's own form). */
const headers = z.string().transform((text, issues): Record<string, string> => {
  const pairs = text.split(',').map((pair) => /^\s*([\w.-]+)\s*=\s*([^,]*?)\s*$/.exec(pair))
  try {
    return Object.fromEntries(
      pairs.map((pair) => {
        if (!pair) throw new TypeError('not a pair')
        return [pair[1] ?? '', decodeURIComponent(pair[2] ?? '')]
      }),
    )
  } catch {
    issues.addIssue('must be name=value pairs, separated by commas')
    return z.NEVER
  }
})

const share = z
  .string()
  .regex(/^(0|1|0?\.\d{1,6}|1\.0+)$/, 'must be a number from 0 to 1')
  .transform(Number)

/** Of the variables those about traces, by the names that OpenTelemetry gives them. */
export const tracingVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: leftOut(
    collector,
    'A collector of OpenTelemetry traces, by OTLP over HTTP. Left out, nothing is traced.',
    { example: 'http://collector.internal:4318' },
  ),
  OTEL_EXPORTER_OTLP_HEADERS: leftOut(
    headers,
    'Headers sent to it: `name=value`, separated by commas, values percent-encoded.',
    { secret: true, example: 'api-key=SECRET' },
  ),
  OTEL_TRACES_SAMPLER_ARG: fallingBackTo(
    '1',
    share,
    'The share of requests and jobs that are traced, from 0 to 1. What a trusted proxy traces or not is followed.',
    { example: '0.1' },
  ),
}
