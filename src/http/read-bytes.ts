import type { IncomingMessage } from 'node:http'
import { HttpProblem } from './http-problem.ts'

// An honest client that sent too much only hears the answer once it has sent all, so up to here the surplus is read and
// dropped; beyond, the connection is closed on it.
const mostDiscarded = 2 * 1024 * 1024

/** Reads a request's whole body. Throws a 413 `HttpProblem` when it has more than `limitBytes` (HT-03), 400 when it breaks off. */
export async function readBytes(req: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const announced = Number(req.headers['content-length'] ?? 0)
  if (announced > mostDiscarded) throw new HttpProblem(413, { headers: { Connection: 'close' } })
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = []
    let size = 0
    req.on('data', (chunk: Buffer) => {
      size += chunk.byteLength
      if (size <= limitBytes) return void chunks.push(chunk)
      chunks = []
      if (size <= mostDiscarded) return
      req.removeAllListeners('data').pause()
      reject(new HttpProblem(413, { headers: { Connection: 'close' } }))
    })
    req.once('end', () => (size > limitBytes ? reject(new HttpProblem(413)) : resolve(Buffer.concat(chunks))))
    req.once('close', () => reject(new HttpProblem(400, { reason: 'aborted' })))
    req.once('error', () => reject(new HttpProblem(400, { reason: 'aborted' })))
  })
}
