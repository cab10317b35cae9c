import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Refusal } from '../refusal.ts'

/** How long somebody may take to sign in, a second factor set up on the way included. */
const DEADLINE_MS = 10 * 60_000

export type Loopback = {
  redirectUri: string
  /**
   * Waits for the answer of the authorization server, hands its whole address to `judge`, and shows the browser how that ended.
   * What does not carry this `state` is refused and changes nothing: any page can send a browser here.
   */
  receive<T>(state: string, judge: (callback: URL) => Promise<T>): Promise<T>
  close(): void
}

/** Listens on a free port of the loopback interface (RFC 8252 section 7.3): by its number, as names can be pointed elsewhere. */
export async function listenOnLoopback(): Promise<Loopback> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  const redirectUri = `${origin}/callback`
  let deadline: NodeJS.Timeout | undefined

  function receive<T>(state: string, judge: (callback: URL) => Promise<T>): Promise<T> {
    let isTaken = false
    return new Promise<T>((resolve, reject) => {
      deadline = setTimeout(
        () => reject(new Refusal('not_signed_in', 'Nobody has signed in within ten minutes. Run it again.')),
        DEADLINE_MS,
      )
      server.on('request', (request, response) => {
        const url = URL.parse(request.url ?? '', origin)
        if (request.method !== 'GET' || request.headers.host !== `127.0.0.1:${port}`)
          show(response, 400, pages.strange)
        else if (url?.pathname === '/signed-in') show(response, 200, pages.done)
        else if (url?.pathname === '/not-signed-in') show(response, 200, pages.failed)
        else if (url?.pathname !== '/callback') show(response, 404, pages.strange)
        else if (url.searchParams.get('state') !== state || isTaken) show(response, 400, pages.strange)
        else {
          isTaken = true
          clearTimeout(deadline)
          // On to another address, so that the code stays in no history.
          judge(url).then(
            (value) => leave(response, '/signed-in', () => resolve(value)),
            (error: unknown) =>
              leave(response, '/not-signed-in', () =>
                reject(error instanceof Error ? error : new Error(String(error))),
              ),
          )
        }
      })
    })
  }

  // The command may go once the browser has its page; it does not wait for a browser that never asks.
  function leave(response: ServerResponse, path: string, then: () => void): void {
    const timer = setTimeout(then, 2000)
    server.on('request', (_request, last) => {
      last.once('close', () => {
        clearTimeout(timer)
        then()
      })
    })
    response.writeHead(303, { ...headers, location: path }).end()
  }

  return {
    redirectUri,
    receive,
    close() {
      clearTimeout(deadline)
      server.close()
      server.closeAllConnections()
    },
  }
}

const headers = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  connection: 'close',
}

const pages = {
  done: page('You are signed in', 'The command line has what it needs. You can close this window.'),
  failed: page('You are not signed in', 'The command line says why. You can close this window.'),
  strange: page('Nothing to see here', 'This address waits for one answer, and this was not it.'),
}

function page(title: string, text: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${title} · Cardea</title><main><h1>${title}</h1><p>${text}</p></main></html>\n`
}

function show(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, headers).end(html)
}
