// Refreshes the tokens of others at an even pace, in a process of its own: a load generator that is busy with a crowd would measure itself.
import http from 'node:http'
import { basic, send } from '../test/support/http-client.ts'
import { SECRET } from './cast.ts'
import { steadyLoad } from './steady-load.ts'
import type { TokenLoadOrder, TokenLoadReport } from './tokens-aside.ts'

const agent = new http.Agent({ keepAlive: true, maxSockets: 100 })

process.once('message', ({ port, host, refreshTokens, perSecond }: TokenLoadOrder) => {
  const refused: Record<number, number> = {}
  const load = steadyLoad(perSecond, async (turn) => {
    const form = {
      grant_type: 'refresh_token',
      refresh_token: refreshTokens[turn % refreshTokens.length] ?? '',
    }
    const { status } = await send({ port, host }, '/token', {
      body: form,
      headers: basic('web', SECRET),
      agent,
    })
    if (status !== 200) refused[status] = (refused[status] ?? 0) + 1
  })
  process.once('message', () => {
    void load.stop().then(() => {
      const samples = load.samples.map(({ at, ms }) => ({ at: performance.timeOrigin + at, ms }))
      const report: TokenLoadReport = { samples, refused }
      process.send?.(report, () => process.exit())
    })
  })
})
process.on('disconnect', () => process.exit())
