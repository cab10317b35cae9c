import { expect, test } from '@jest/globals'
import { configOf, problemsOf, production } from './environment.ts'

const endpoint = 'https://collector.example.com:4318/otlp'

test('nothing is traced unless a collector is named; then everything, unless told otherwise', () => {
  expect(configOf(production).tracing).toBeNull()
  expect(configOf({ ...production, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }).tracing).toEqual({
    ...{ endpoint, headers: {}, ratio: 1 },
  })
  const more = { OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%2Cb, x=y=z', OTEL_TRACES_SAMPLER_ARG: '0.25' }
  expect(configOf({ ...production, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...more }).tracing).toEqual({
    ...{ endpoint, headers: { 'api-key': 'a,b', x: 'y=z' }, ratio: 0.25 },
  })
})

test.each([
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://collector'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 's3cret'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'a=s3cret%'],
  ['OTEL_TRACES_SAMPLER_ARG', '2'],
  ['OTEL_TRACES_SAMPLER_ARG', '-1'],
])('%s=%s is refused, and a secret is not repeated', (variable, text) => {
  const problems = problemsOf({ [variable]: text })
  expect(problems).toContainEqual(expect.objectContaining({ variable }))
  expect(JSON.stringify(problems)).not.toContain('s3cret')
})
