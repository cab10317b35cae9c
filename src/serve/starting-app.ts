import type { RequestListener } from 'node:http'

/**
 * What the listeners answer before the database is there: alive, not ready, and 503 for everything that needs it. Nothing
 * falls back to anything in memory (FT-01).
 */
export function createStartingApp(issuer: string): RequestListener {
  const secure = issuer.startsWith('https:')
  return function starting(req, res) {
    const path = (req.url ?? '').split('?')[0]
    const live = path === '/health/live'
    res.writeHead(live ? 200 : 503, {
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
      ...(secure ? { 'Strict-Transport-Security': 'max-age=63072000; includeSubDomains' } : {}),
      ...(live ? {} : { 'Retry-After': '2' }),
    })
    res.end(
      JSON.stringify(
        live ? { status: 'ok' } : path === '/health/ready' ? { status: 'unavailable' } : unavailable,
      ),
    )
  }
}

const unavailable = {
  error: 'temporarily_unavailable',
  error_description: 'the server is starting, try again shortly',
}
