import type { Context } from 'koa'
import type { Database } from '../db/index.ts'
import type { Render } from '../http/index.ts'
import { text } from '../language/index.ts'
import type { Text } from '../language/index.ts'
import type { EnginePages } from '../oidc/index.ts'
import { clientView, findAskingClient } from './client-view.ts'
import { answerWithPage } from './page.ts'
import { throttledFor } from './wait-words.ts'

type DevicePages = Pick<EnginePages, 'deviceCode' | 'deviceConfirm' | 'deviceAnswered' | 'deviceLost'>
type Trouble = NonNullable<Parameters<DevicePages['deviceCode']>[1]['trouble']>

/** Where people enter the code of a device, say that it is theirs, and hear what became of it (RFC 8628 section 3.3). */
export function createDevicePages({ database, render }: { database: Database; render: Render }): DevicePages {
  const db = database.prisma
  return {
    deviceCode(ctx, { trouble, retryAfter, ...form }) {
      const throttled = trouble === 'throttled'
      if (trouble !== undefined) ctx.status = throttled ? 429 : 422
      const problem = throttled ? { problem: throttledFor(retryAfter ?? 0) } : {}
      const error = trouble !== undefined && !throttled ? { error: words[trouble] } : {}
      ;(ctx as Context).state.here = '/device'
      answerWithPage(ctx, render(ctx, 'device', { ...form, ...problem, ...error }))
      return Promise.resolve()
    },
    async deviceConfirm(ctx, { clientId, ...form }) {
      const client = await findAskingClient(db, clientId)
      if (!client) throw new Error('a device code of an app that is gone')
      answerWithPage(ctx, render(ctx, 'device-confirm', { ...form, client: clientView(client) }))
    },
    async deviceAnswered(ctx, answer) {
      const clientId = ctx.oidc.entities.DeviceCode?.clientId
      const client = clientId === undefined ? null : await findAskingClient(db, clientId)
      answerWithPage(
        ctx,
        render(ctx, 'device-answered', { ...answer, ...(client ? { client: clientView(client) } : {}) }),
      )
    },
    deviceLost(ctx) {
      ctx.status = 400
      answerWithPage(ctx, render(ctx, 'error', lost))
      return Promise.resolve()
    },
  }
}

const words: Record<Exclude<Trouble, 'throttled'>, Text> = {
  missing: text('device:enter.missing'),
  unknown: text('device:enter.unknown'),
  expired: text('device:enter.expired'),
  answered: text('device:enter.answered'),
}

const lost = {
  title: text('device:lost.title'),
  message: text('device:lost.message'),
  hint: text('device:lost.hint'),
  code: 'device_lost',
  startAgainUri: '/device',
}
