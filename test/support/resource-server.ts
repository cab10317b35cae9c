import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deflateSync } from 'node:zlib'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

export type Listening = { url: string; stop(): Promise<void> }

export async function listenOn(server: Server): Promise<Listening> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** Claims that replace the good ones; undefined takes one out. */
type Claims = Record<string, unknown>

export type Issuer = Listening & {
  audience: string
  token(claims?: Claims): Promise<string>
  list(claims?: Claims, typ?: string): Promise<string>
  /** What is answered at the status list's address; null hangs up. */
  answer: { status: number; body: string } | null
  listUri: string
  /** How often the list was asked for. */
  asked: number
}

/** An issuer as an API sees it: keys, tokens, one status list; and it may say anything. */
export async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
  const listener: RequestListener = (request, response) => {
    if (request.url === '/jwks') {
      response.end(JSON.stringify({ keys: [jwk] }))
      return
    }
    issuer.asked += 1
    if (issuer.answer === null) response.destroy()
    else response.writeHead(issuer.answer.status).end(issuer.answer.body)
  }
  const listening = await listenOn(createServer(listener))
  const sign = (typ: string, claims: Claims) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k1', typ }).sign(privateKey)
  const now = () => Math.floor(Date.now() / 1000)
  const listUri = `${listening.url}/status-lists/1-0`
  const issuer: Issuer = {
    ...listening,
    audience: 'https://api.example/',
    listUri,
    asked: 0,
    answer: { status: 404, body: '' },
    token: (claims) =>
      sign('at+jwt', {
        ...{ iss: listening.url, aud: 'https://api.example/', sub: 'pat', jti: 'one', client_id: 'app' },
        ...{ iat: now(), exp: now() + 60, scope: 'orders:read' },
        status: { status_list: { idx: 9, uri: listUri } },
        ...claims,
      }),
    list: (claims, typ = 'statuslist+jwt') =>
      sign(typ, {
        ...{ sub: listUri, iat: now(), exp: now() + 30, ttl: 15 },
        status_list: { bits: 1, lst: lst([0, 0]) },
        ...claims,
      }),
  }
  return issuer
}

export function lst(bytes: readonly number[] | Buffer): string {
  return deflateSync(Buffer.from(bytes)).toString('base64url')
}
