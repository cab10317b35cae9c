import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createTestDatabase } from '../../support/database.ts'
import { send } from '../../support/http-client.ts'
import { productionEnv } from '../../support/server-process.ts'

let database: Awaited<ReturnType<typeof createTestDatabase>>
let shared: Record<string, string>
beforeAll(async () => {
  database = await createTestDatabase()
  shared = { ...(await productionEnv(database.url)), CARDEA_SHUTDOWN_TIMEOUT: '4000' }
})
afterAll(() => database.drop())

const root = fileURLToPath(new URL('../../..', import.meta.url))
/** More than the pipe and the reader's own buffer hold together. */
const REQUESTS = 1500
const HELD_BYTES = 2 * 65_536

function ended(stream: Readable): Promise<unknown> {
  return stream.readableEnded ? Promise.resolve() : once(stream, 'end')
}

describe('nobody reads the log (FT-27)', () => {
  test.each([
    ['1', 'late'],
    ['2', 'late'],
    ['1', 'never'],
    ['2', 'never'],
  ])(
    'requests are answered all the same, by %s workers; SIGTERM ends them, read %s, and what is read is whole',
    async (workers, when) => {
      const env: Record<string, string> = { ...shared, CARDEA_WORKERS: workers }
      const child = spawn(process.execPath, ['src/main.ts'], {
        ...{ cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] },
      })
      const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
      try {
        const port = Number(env['CARDEA_PORT'])
        const to = { port, host: `localhost:${port}` }
        const isReady = () => send(to, '/health/ready').then(({ status }) => status === 200)
        for (let tries = 0; !(await isReady().catch(() => false)); tries += 1) {
          if (tries > 1200) throw new Error('the server did not start')
          await sleep(50)
        }
        let slowest = 0
        for (let nth = 0; nth < REQUESTS; nth += 10) {
          const startedAt = performance.now()
          const answers = await Promise.all(Array.from({ length: 10 }, () => send(to, '/jwks')))
          slowest = Math.max(slowest, performance.now() - startedAt)
          expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
        }
        expect(slowest).toBeLessThan(10_000)

        const lines: string[] = []
        if (when === 'late') child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(text))
        child.kill('SIGTERM')
        expect(await Promise.race([exited, sleep(30_000, 'still there', { ref: false })])).toBe(0)
        if (when === 'never') return
        await ended(child.stdout)
        const text = lines.join('')
        expect(text.length).toBeGreaterThan(HELD_BYTES)
        const requests = text.split('\n').filter((line) => line.includes('"route":"/jwks"'))
        for (const line of requests) expect(() => JSON.parse(line) as unknown).not.toThrow()
        expect(requests).toHaveLength(REQUESTS)
      } finally {
        child.kill('SIGKILL')
        child.stdout.destroy()
        await exited
      }
    },
    150_000,
  )
})
