import { findClient } from '../clients/index.ts'
import type { Database } from '../db/index.ts'
import type { Render } from '../http/index.ts'
import type { EnginePages } from '../oidc/index.ts'
import { clientView } from './client-view.ts'
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
      answerWithPage(ctx, render('device', { ...form, ...problem, ...error }))
      return Promise.resolve()
    },
    async deviceConfirm(ctx, { clientId, ...form }) {
      const client = await findClient(db, clientId)
      if (!client) throw new Error('a device code of an app that is gone')
      answerWithPage(ctx, render('device-confirm', { ...form, client: clientView(client) }))
    },
    async deviceAnswered(ctx, answer) {
      const clientId = ctx.oidc.entities.DeviceCode?.clientId
      const client = clientId === undefined ? null : await findClient(db, clientId)
      answerWithPage(
        ctx,
        render('device-answered', { ...answer, ...(client ? { client: clientView(client) } : {}) }),
      )
    },
    deviceLost(ctx) {
      ctx.status = 400
      answerWithPage(ctx, render('error', lost))
      return Promise.resolve()
    },
  }
}

const words: Record<Exclude<Trouble, 'throttled'>, string> = {
  missing: 'Enter the code that your device shows.',
  unknown: 'No device is waiting with this code. Check it and try again.',
  expired: 'This code has expired. Ask your device for a new one, and enter that.',
  answered:
    'This code was answered already, and a code works once. If your device still waits, ask it for a new one.',
}

const lost = {
  title: 'This page is no longer valid',
  message:
    'It was answered already, was left open for too long, or your browser does not keep cookies from this site.',
  hint: 'If your device still shows a code, enter it again. If it does not, it has its answer.',
  code: 'device_lost',
  startAgainUri: '/device',
}
