import { z } from 'zod'
import { EVERYBODY, themeSettingsSchema } from '../../clients/index.ts'
import type { StoredTheme } from '../../clients/index.ts'

const logoSchema = z
  .strictObject({
    digest: z.string().meta({ description: 'Of its bytes; part of the address it is served under.' }),
    type: z.string(),
    width: z.int(),
    height: z.int(),
  })
  .meta({ id: 'ThemeLogo' })

/** A theme as the API shows one: what was set, and nothing that was worked out from it. */
export const themeSchema = z
  .strictObject({
    client_id: z.string().nullable().meta({ description: "Null: everybody's." }),
    ...themeSettingsSchema.shape,
    logo: logoSchema.nullable(),
  })
  .meta({ id: 'Theme' })

export function showTheme({ clientId, settings, logo }: StoredTheme): z.input<typeof themeSchema> {
  return { client_id: clientId === EVERYBODY ? null : clientId, ...settings, logo }
}

export const settingsExample = {
  name: 'Example ID',
  colours: { light: { accent: '#1d4ed8' }, dark: { accent: '#93c5fd' } },
  radius: 4,
  font: 'humanist' as const,
  links: { imprint: 'https://example.com/imprint' },
}

export const themeExample = {
  client_id: null,
  ...settingsExample,
  logo: { digest: '8c2f1f0b5c6b4a5d9e7f3a2b1c0d9e8f', type: 'image/png', width: 320, height: 80 },
}
