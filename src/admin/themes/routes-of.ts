import { z } from 'zod'
import {
  deleteTheme,
  EVERYBODY,
  findTheme,
  MOST_LOGO_BYTES,
  saveTheme,
  saveThemeLogo,
  themeSettingsSchema,
} from '../../clients/index.ts'
import { tagged } from '../frame/answer.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import type { Route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import { refusalOf } from './refusal.ts'
import { settingsExample, showTheme, themeExample, themeSchema } from './representation.ts'

type Place = { path: '/theme' | '/clients/:id/theme'; suffix: string; whose: string }

const logoBody = z
  .strictObject({
    data: z
      .base64()
      .min(1)
      .meta({
        description: `PNG, JPEG, WebP or GIF without animation, in base64: at most ${MOST_LOGO_BYTES} bytes, 1024 pixels a side.`,
      }),
  })
  .meta({ id: 'ThemeLogoUpload' })

const show = { status: 200 as const, schema: themeSchema, example: themeExample }
const onePixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** The five routes of a theme, at one place. */
export function routesOf({ path, suffix, whose }: Place): readonly Route[] {
  const ofClient = path !== '/theme'
  const params: z.ZodObject = ofClient ? idParams : z.strictObject({})
  const problems = ofClient ? (['not_found', 'built_in'] as const) : []
  const common = { tag: 'Themes', params }
  const clientOf = ({ id }: Record<string, unknown>) => (typeof id === 'string' ? id : EVERYBODY)

  return [
    route({
      ...{ ...common, method: 'GET', path, operationId: `get${suffix}` },
      summary: `Get the looks of ${whose}`,
      scope: 'clients:read',
      success: { ...show, description: 'What was set; everything else is as below it' },
      problems: ofClient ? ['not_found'] : [],
      async handler({ db, params }) {
        const theme = await findTheme(db, clientOf(params))
        if (!theme) throw new AdminProblem('not_found')
        return tagged(showTheme(theme))
      },
    }),
    route({
      ...{ ...common, method: 'PUT', path, operationId: `put${suffix}` },
      summary: `Set the looks of ${whose}`,
      description:
        'Replaces everything but the logo. Colours that stand too close together for people with poor eyes (WCAG 2.2 AA), in either scheme, alone or with the themes below and above, are refused with the pair and its ratio.',
      scope: 'clients:write',
      body: themeSettingsSchema,
      bodyOptional: true,
      example: settingsExample,
      success: { ...show, description: 'The theme as it is now; pages show it within seconds' },
      problems,
      async handler({ db, params, body, actor, ip }) {
        const saved = await saveTheme(db, clientOf(params), body, { actor, ip })
        if (!saved.ok) throw refusalOf(saved)
        return tagged(showTheme(saved.theme))
      },
    }),
    route({
      ...{ ...common, method: 'DELETE', path, operationId: `delete${suffix}` },
      summary: `Take the looks of ${whose} away, with the logo`,
      scope: 'clients:write',
      success: { status: 204, description: 'It is gone' },
      problems: ofClient ? problems : ['not_found'],
      async handler({ db, params, actor, ip }) {
        const deleted = await deleteTheme(db, clientOf(params), {}, { actor, ip })
        if (!deleted.ok) throw refusalOf(deleted)
        return {}
      },
    }),
    route({
      ...{ ...common, method: 'PUT', path: `${path}/logo`, operationId: `put${suffix}Logo` },
      summary: `Set the logo of ${whose}`,
      description: 'What it is, is told from its bytes. SVG is refused: it is a document that can run.',
      scope: 'clients:write',
      body: logoBody,
      example: { data: onePixel },
      success: { ...show, description: 'The theme with its new logo' },
      problems,
      async handler({ db, params, body, actor, ip }) {
        const bytes = Buffer.from(body.data, 'base64')
        const saved = await saveThemeLogo(db, clientOf(params), bytes, { actor, ip })
        if (!saved.ok) throw refusalOf(saved)
        return tagged(showTheme(saved.theme))
      },
    }),
    route({
      ...{ ...common, method: 'DELETE', path: `${path}/logo`, operationId: `delete${suffix}Logo` },
      summary: `Take the logo of ${whose} away`,
      scope: 'clients:write',
      success: { status: 204, description: 'It is gone' },
      problems: ofClient ? problems : ['not_found'],
      async handler({ db, params, actor, ip }) {
        const deleted = await deleteTheme(db, clientOf(params), { only: 'logo' }, { actor, ip })
        if (!deleted.ok) throw refusalOf(deleted)
        return {}
      },
    }),
  ]
}
