import { ADMIN_SCOPES } from '../../../../src/clients/index.ts'
import type { AdminStage } from '../../../support/admin.ts'
import type { Scenario } from '../../../support/admin-scenario.ts'
import { queuedNotice } from '../../../support/given-up.ts'
import { expectStatus } from './expect-status.ts'

const nobodys = '/v1/mails/00000000-0000-4000-8000-000000000000'

/** A notice to a new user; gives its path. */
async function mail(
  stage: AdminStage,
  { state = 'failed', role = null }: { state?: 'queued' | 'failed'; role?: 'owner' | null } = {},
): Promise<string> {
  const { id, email } = await stage.addUser({ role })
  const mailId = await queuedNotice(stage.database, { to: email, userId: id })
  if (state === 'failed')
    await stage.database.prisma.mail.update({ where: { id: mailId }, data: { state, lastError: 'smtp_550' } })
  return `/v1/mails/${mailId}`
}

const weak = ADMIN_SCOPES.filter((scope) => scope !== 'keys:rotate')

export const mailScenarios: Record<string, Scenario> = {
  async listMails(stage, token) {
    await mail(stage)
    await expectStatus(200, stage.ask('/v1/mails', { token }))
    await expectStatus(200, stage.ask('/v1/mails?state=failed', { token }))
  },
  async retryMail(stage, token) {
    const retry = (path: string, by = token) => stage.ask(`${path}/retry`, { method: 'POST', token: by })
    const path = await mail(stage)
    await expectStatus(204, retry(path))
    await expectStatus(409, retry(path))
    await expectStatus(404, retry(nobodys))
    await expectStatus(404, retry('/v1/mails/nobodys'))
    await expectStatus(403, retry(await mail(stage, { role: 'owner' }), stage.token({ scopes: weak })))
  },
  async discardMail(stage, token) {
    const discard = (path: string, by = token) => stage.ask(path, { method: 'DELETE', token: by })
    const path = await mail(stage)
    await expectStatus(204, discard(path))
    await expectStatus(409, discard(path))
    await expectStatus(409, discard(await mail(stage, { state: 'queued' })))
    await expectStatus(404, discard(nobodys))
    await expectStatus(403, discard(await mail(stage, { role: 'owner' }), stage.token({ scopes: weak })))
  },
}
