import { describe, expect, test } from '@jest/globals'
import type { Context } from 'koa'
import { takeTurns } from '../../../src/http/index.ts'

function contextOf(path: string, { gone = false } = {}): Context {
  return { path, req: { socket: { destroyed: gone } } } as unknown as Context
}

const everybody = {
  shareOf: () => 'one',
  perTurn: 1,
  everyMs: 0,
  mostOfOne: 2000,
  turnAway: () => Promise.resolve(),
}

const EVERY_MS = 20

/** Sends requests in at one moment; tells which had entered after each turn. */
async function enter(paths: string[], { perTurn }: { perTurn: number }) {
  const middleware = takeTurns({
    ...everybody,
    shareOf: ({ path }) => (path.startsWith('/crowd') ? 'one' : undefined),
    ...{ perTurn, everyMs: EVERY_MS },
  })
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

  test('is a thousand at most: whoever comes then is turned away at once (FT-26)', async () => {
    let [entered, away] = [0, 0]
    const turnAway = () => Promise.resolve(void (away += 1))
    const middleware = takeTurns({ ...everybody, turnAway })
    const come = async () => {
      await middleware(contextOf('/crowd'), () => Promise.resolve(void (entered += 1)))
    }
    const crowd = Array.from({ length: 1001 }, come)
    await come()
    expect(away).toBe(1)
    await Promise.all(crowd)
    expect(entered + away).toBe(1002)
  })

  test('has no more than fifty of one address in its line, so that others have theirs (FT-26, TH-03)', async () => {
    const entered: string[] = []
    const away: string[] = []
    const middleware = takeTurns({
      ...{ perTurn: 1, everyMs: 0, shareOf: ({ path }) => path },
      turnAway: ({ path }) => Promise.resolve(void away.push(path)),
    })
    const come = async (path: string) => {
      await middleware(contextOf(path), () => Promise.resolve(void entered.push(path)))
    }
    await Promise.all([...Array.from({ length: 100 }, () => come('/stranger')), come('/owner')])
    expect(away).toEqual(Array.from({ length: 49 }, () => '/stranger'))
    expect(entered).toHaveLength(52)
    expect(entered.at(-1)).toBe('/owner')
    // Their places are free again.
    await Promise.all(Array.from({ length: 50 }, () => come('/stranger')))
    expect(away).toHaveLength(49)
  })

  test('waits for two seconds at most, whatever held the loop up (FT-26)', async () => {
    const told: string[] = []
    const middleware = takeTurns({
      ...everybody,
      turnAway: ({ path }) => Promise.resolve(void told.push(path)),
    })
    const come = async (path: string) => {
      await middleware(contextOf(path), () => Promise.resolve(void told.push(`in ${path}`)))
    }
    const all = Promise.all([come('/1'), come('/2')])
    for (const until = performance.now() + 2050; performance.now() < until;);
    await all
    expect(told).toEqual(['in /1', '/2'])
  })

  test('leaves out who has gone meanwhile, and they take nobody’s turn', async () => {
    const middleware = takeTurns(everybody)
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
