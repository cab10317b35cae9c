import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

type Value = { stringValue?: string; intValue?: number | string; boolValue?: boolean }
export type CollectedSpan = {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  status: { code?: number }
  attributes: { key: string; value: Value }[]
}

export type TraceCollector = {
  url: string
  /** Everything that was sent, as it was. */
  bodies: string[]
  /** The headers of each request. */
  headers: Record<string, unknown>[]
  spans(): CollectedSpan[]
  stop(): Promise<void>
}

/** What takes spans by OTLP/HTTP in JSON; with `answers` false it hears everything and never answers. */
export async function startTraceCollector({ answers = true } = {}): Promise<TraceCollector> {
  const [bodies, headers]: [string[], Record<string, unknown>[]] = [[], []]
  const server = createServer((req, res) => {
    let body = ''
    req.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    req.on('end', () => {
      if (req.url !== '/v1/traces' || req.method !== 'POST') return res.writeHead(404).end()
      bodies.push(body)
      headers.push(req.headers)
      return answers ? res.writeHead(200, { 'content-type': 'application/json' }).end('{}') : undefined
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  type Sent = { resourceSpans: { scopeSpans: { spans: CollectedSpan[] }[] }[] }
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ bodies, headers },
    spans: () =>
      bodies.flatMap((body) =>
        (JSON.parse(body) as Sent).resourceSpans.flatMap(({ scopeSpans }) =>
          scopeSpans.flatMap(({ spans }) => spans),
        ),
      ),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
