import { createClient } from '../../../../src/clients/index.ts'
import { randomUUID } from 'node:crypto'
import type { AdminStage } from '../../../support/admin.ts'
import type { Scenario } from '../../../support/admin-scenario.ts'
import { expectStatus } from './expect-status.ts'

/** One red pixel. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

async function clientPath(stage: AdminStage, builtIn = false): Promise<string> {
  const id = `shop-${randomUUID()}`
  const metadata = { redirect_uris: ['https://shop.example/cb'], token_endpoint_auth_method: 'none' }
  await createClient(stage.database.prisma, { id, name: 'Shop', metadata })
  if (builtIn) await stage.database.prisma.client.update({ where: { id }, data: { builtIn } })
  return `/v1/clients/${id}/theme`
}

const nobody = '/v1/clients/nobody/theme'
const theme = { colours: { light: { accent: '#1d4ed8' } } }
const grey = { colours: { light: { text: '#999999' } } }

function scenariosOf(
  suffix: string,
  place: (stage: AdminStage) => Promise<string>,
): Record<string, Scenario> {
  const ofClient = suffix === 'ClientTheme'
  return {
    async [`get${suffix}`](stage, token) {
      await expectStatus(200, stage.ask(await place(stage), { token }))
      if (ofClient) await expectStatus(404, stage.ask(nobody, { token }))
    },
    async [`put${suffix}`](stage, token) {
      const put = (path: string, json: object) => stage.ask(path, { method: 'PUT', token, json })
      await expectStatus(200, put(await place(stage), theme))
      await expectStatus(422, put(await place(stage), grey))
      if (!ofClient) return
      await expectStatus(404, put(nobody, theme))
      await expectStatus(409, put(await clientPath(stage, true), theme))
    },
    async [`delete${suffix}`](stage, token) {
      const path = await place(stage)
      await stage.ask(path, { method: 'PUT', token, json: theme })
      await expectStatus(204, stage.ask(path, { method: 'DELETE', token }))
      await expectStatus(404, stage.ask(path, { method: 'DELETE', token }))
      if (ofClient)
        await expectStatus(409, stage.ask(await clientPath(stage, true), { method: 'DELETE', token }))
    },
    async [`put${suffix}Logo`](stage, token) {
      const put = (path: string, data: string) =>
        stage.ask(`${path}/logo`, { method: 'PUT', token, json: { data } })
      await expectStatus(200, put(await place(stage), png))
      await expectStatus(422, put(await place(stage), Buffer.from('<svg/>').toString('base64')))
      if (!ofClient) return
      await expectStatus(404, put(nobody, png))
      await expectStatus(409, put(await clientPath(stage, true), png))
    },
    async [`delete${suffix}Logo`](stage, token) {
      const path = `${await place(stage)}/logo`
      await stage.ask(path, { method: 'PUT', token, json: { data: png } })
      await expectStatus(204, stage.ask(path, { method: 'DELETE', token }))
      await expectStatus(404, stage.ask(path, { method: 'DELETE', token }))
      if (ofClient)
        await expectStatus(
          409,
          stage.ask(`${await clientPath(stage, true)}/logo`, { method: 'DELETE', token }),
        )
    },
  }
}

export const themeScenarios: Record<string, Scenario> = {
  ...scenariosOf('Theme', () => Promise.resolve('/v1/theme')),
  ...scenariosOf('ClientTheme', (stage) => clientPath(stage)),
}
