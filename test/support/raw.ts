import { connect } from 'node:net'

/** Writes bytes to a fresh connection and gives back all that comes until it is closed; what no HTTP client would send. */
export function sendRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let received = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      received += chunk
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(received))
    socket.write(bytes, 'latin1')
  })
}

/** The status a raw answer begins with; 0 when nothing was answered. */
export function statusOf(raw: string): number {
  return Number(/^HTTP\/1\.[01] (\d{3}) /.exec(raw)?.[1] ?? 0)
}
