/** The thread that compares bcrypt hashes, which takes JavaScript some 100 ms each. Takes `{ id, password, hash }`, answers `{ id, answer }`. */
import { parentPort } from 'node:worker_threads'
import { compareSync } from 'bcryptjs'

parentPort?.on('message', ({ id, password, hash }: { id: number; password: string; hash: string }) => {
  parentPort?.postMessage({ id, answer: compareSync(password, hash) })
})
parentPort?.postMessage({ ready: true })
