import type { RequestListener } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { startNoticeStage } from '../../support/notices.ts'
import { isActive, redeem, signIn } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'
import { freePorts } from '../../support/server.ts'
import { formOf } from '../../support/user-agent.ts'

let stage: Awaited<ReturnType<typeof startNoticeStage>>
beforeAll(async () => {
  stage = await startNoticeStage()
})
afterAll(() => stage.stop())
beforeEach(() => stage.clear())

describe('a relying party that is down', () => {
  test.each<[string, string, RequestListener]>([
    ['hangs', 'timeout', () => undefined],
    ['sends its answer drop by drop', 'timeout', (_req, res) => void res.socket?.write('HTTP/1.1 2')],
    ['answers 500', 'http_500', (_req, res) => res.writeHead(500).end()],
    ['redirects', 'http_307', (_req, res) => res.writeHead(307, { location: '/elsewhere' }).end()],
    ['closes the connection', 'broken', (_req, res) => res.destroy()],
    ['talks nonsense', 'broken', (_req, res) => void res.socket?.end('ceci n’est pas HTTP\r\n\r\n')],
    ['refuses connections', 'refused', () => undefined],
    ['speaks no TLS', 'tls', () => undefined],
  ])(
    'because it %s keeps nobody from signing out, and is told later (FT-21, LO-03)',
    async (_what, error, answer) => {
      const [closed = 0] = await freePorts(1)
      const elsewhere: Record<string, string> = {
        refused: `http://127.0.0.1:${closed}`,
        tls: stage.receiver.origin.replace('http:', 'https:'),
      }
      const app = await stage.addApp(elsewhere[error])
      stage.receiver.answer = answer
      stage.deliver()
      const signedIn = await signIn(stage.server, app, stage.person)
      const tokens = (await redeem(stage.server, app, signedIn)).json<Tokens>()
      const { action, fields } = formOf(await signedIn.agent.get('/logout'))
      const began = performance.now()
      expect((await signedIn.agent.post(action, { ...fields, logout: 'yes' })).status).toBe(303)
      // Less than what is waited for a receiver.
      expect(performance.now() - began).toBeLessThan(2000)
      expect(await isActive(stage.server, app, tokens.access_token)).toBe(false)

      const [waiting] = await stage.when(([row]) => row?.lastError != null)
      expect(waiting).toMatchObject({ state: 'queued', attempts: 1, lastError: error, deliveredAt: null })
      const pause = (waiting?.nextAttemptAt.getTime() ?? 0) - (waiting?.lastAttemptAt?.getTime() ?? 0)
      expect(pause).toBeGreaterThan(3700)
      expect(pause).toBeLessThan(9500)
      expect(stage.receiver.received.map(({ path }) => path)).not.toContain('/elsewhere')

      if (error in elsewhere) return
      await stage.stopDelivering()
      stage.receiver.answer = (_req, res) => res.end()
      await stage.makeDue()
      stage.deliver()
      const [told] = await stage.when(([row]) => row?.state === 'delivered')
      expect(told).toMatchObject({ attempts: 2, lastError: null, deliveredAt: expect.any(Date) })
      const [first, second] = stage.receiver.received.map(({ token }) => decodeJwt(token))
      expect(second?.jti).not.toBe(first?.jti)
      expect(second?.['sid']).toBe(first?.['sid'])
    },
  )

  test('is tried again by itself once its rest is over (FT-21)', async () => {
    const app = await stage.addApp()
    stage.receiver.answer = (_req, res) => {
      res.writeHead(stage.receiver.received.length === 1 ? 503 : 204).end()
    }
    await stage.queue(app.id, 1)
    stage.deliver()
    const [told] = await stage.when(([row]) => row?.state === 'delivered')
    expect(told?.attempts).toBe(2)
  })

  test('gets a token made for each attempt, so that none is old (FT-21, OpenID Connect Back-Channel Logout §2.4)', async () => {
    const app = await stage.addApp()
    await stage.queue(app.id, 1, '20 hours')
    stage.deliver()
    const [request] = await stage.receiver.until(1)
    expect(Math.abs((decodeJwt(request?.token ?? '').iat ?? 0) - Date.now() / 1000)).toBeLessThan(10)
  })

  test('is left alone when it says no three times (§2.8)', async () => {
    const app = await stage.addApp()
    stage.receiver.answer = (_req, res) => res.writeHead(400).end()
    await stage.queue(app.id, 1)
    for (const attempts of [1, 2, 3]) {
      await stage.makeDue()
      stage.deliver()
      await stage.when(
        ([row]) => row?.attempts === attempts && row.lastError === 'http_400' && +row.nextAttemptAt > 0,
      )
      await stage.stopDelivering()
    }
    expect(await stage.notices()).toMatchObject([{ state: 'failed', attempts: 3, lastError: 'http_400' }])
  })

  test('whose client is gone by now is not looked for (FT-31)', async () => {
    await stage.queue('nobody', 1)
    stage.deliver()
    const [row] = await stage.when(([one]) => one?.state === 'failed')
    expect(row).toMatchObject({ attempts: 1, lastError: 'no_address' })
  })
})
