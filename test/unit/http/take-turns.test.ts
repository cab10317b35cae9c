import { describe, expect, test } from '@jest/globals'
import type { Context } from 'koa'
import { takeTurns } from '../../../src/http/index.ts'

type Answered = Context & { headers: Record<string, string> }

function contextOf(path: string, { gone = false } = {}): Answered {
  const headers: Record<string, string> = {}
  const set = (fields: Record<string, string>) => Object.assign(headers, fields)
  return { path, headers, set, req: { socket: { destroyed: gone } } } as unknown as Answered
}

const EVERY_MS = 20

/** Sends requests in at one moment; tells which had entered after each turn. */
async function enter(paths: string[], { perTurn }: { perTurn: number }) {
  const middleware = takeTurns({ isOne: ({ path }) => path.startsWith('/crowd'), perTurn, everyMs: EVERY_MS })
  const entered: string[] = []
  const send = (path: string) =>
    middleware(contextOf(path), () => {
      entered.push(path)
      return Promise.resolve()
    }) as Promise<void>
  const requests = paths.map(send)
  const after: string[][] = []
  for (let turn = 0; turn < paths.length; turn += 1) {
    after.push([...entered])
    // Timers of the same length fire in the order they were set: the turn's first.
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  }
  await Promise.all(requests)
  return { after, send, entered }
}

describe('a crowd at the door', () => {
  test('enters in small portions, one each turn, in the order it came (FT-26)', async () => {
    const crowd = Array.from({ length: 7 }, (_, nth) => `/crowd/${nth}`)
    const { after, entered } = await enter(crowd, { perTurn: 2 })
    expect(after.slice(0, 4).map(({ length }) => length)).toEqual([2, 4, 6, 7])
    expect(entered).toEqual(crowd)
  })

  test('keeps nobody else waiting (FT-26)', async () => {
    const { after } = await enter(['/crowd/1', '/crowd/2', '/crowd/3', '/token'], { perTurn: 1 })
    expect(after[0]).toEqual(['/crowd/1', '/token'])
  })

  test('is a thousand at most: whoever comes then is told at once to come again (FT-26)', async () => {
    const middleware = takeTurns({ isOne: () => true, perTurn: 1, everyMs: 0 })
    let entered = 0
    const come = (ctx: Context) =>
      middleware(ctx, () => {
        entered += 1
        return Promise.resolve()
      }) as Promise<void>
    const crowd = Array.from({ length: 1001 }, () => come(contextOf('/crowd')))
    const late = contextOf('/crowd')
    await come(late)
    expect([late.status, late.headers['Retry-After']]).toEqual([503, '2'])
    await Promise.all(crowd)
    expect(entered).toBe(1001)
  })

  test('leaves out who has gone meanwhile', async () => {
    const middleware = takeTurns({ isOne: () => true, perTurn: 1, everyMs: 0 })
    const entered: string[] = []
    const come = (path: string, gone: boolean) =>
      middleware(contextOf(path, { gone }), () => {
        entered.push(path)
        return Promise.resolve()
      }) as Promise<void>
    await Promise.all([come('/1', false), come('/2', true), come('/3', false)])
    expect(entered).toEqual(['/1', '/3'])
  })

  test('is followed by a door that stands open again (FT-26)', async () => {
    const { send, entered } = await enter(['/crowd/1', '/crowd/2'], { perTurn: 1 })
    await new Promise((resolve) => setTimeout(resolve, 2 * EVERY_MS))
    const later = send('/crowd/3')
    expect(entered).toEqual(['/crowd/1', '/crowd/2', '/crowd/3'])
    await later
  })
})
