import { z } from 'zod'

const colour = z
  .string()
  .regex(/^#[0-9a-f]{6}$/i, 'must be a colour like #175c50')
  .toLowerCase()

const scheme = z
  .strictObject({
    accent: colour.optional().meta({ description: 'Buttons and links.' }),
    background: colour.optional().meta({ description: 'The ground around the card.' }),
    surface: colour.optional().meta({ description: 'The card.' }),
    text: colour.optional(),
  })
  .meta({ id: 'ThemeColours' })

const address = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) address' })
  .max(2000)
  .refine((value) => {
    const url = URL.parse(value)
    return url !== null && url.username === '' && url.password === ''
  }, 'must not hold a user name or a password')

/** Families that every system has some of; nothing is loaded from anywhere. */
export const fontStacks = {
  system: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', sans-serif",
  humanist: "Seravek, 'Gill Sans Nova', Ubuntu, Calibri, 'DejaVu Sans', 'Noto Sans', sans-serif",
  geometric: "Avenir, Montserrat, Corbel, 'URW Gothic', 'Noto Sans', sans-serif",
  rounded: "ui-rounded, 'Hiragino Maru Gothic ProN', Quicksand, Comfortaa, 'Noto Sans', sans-serif",
  serif: "Charter, 'Bitstream Charter', 'Sitka Text', Cambria, 'Noto Serif', serif",
  monospace: "ui-monospace, 'Cascadia Code', 'Source Code Pro', Menlo, Consolas, 'Noto Sans Mono', monospace",
} as const
const fonts = Object.keys(fontStacks) as (keyof typeof fontStacks)[]

/** What a theme may set. Whatever is left out comes from the theme for everybody, and at last from ours. */
export const themeSettingsSchema = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(60)
      .regex(/^[^\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}<>]+$/u, 'must be plain text on one line')
      .optional()
      .meta({ description: 'What people know this server by, here.' }),
    colours: z
      .strictObject({ light: scheme.optional(), dark: scheme.optional() })
      .optional()
      .meta({ description: 'For both colour schemes, because people choose which one they see.' }),
    radius: z.int().min(0).max(24).optional().meta({ description: 'Of corners, in pixels.' }),
    font: z.enum(fonts).optional(),
    links: z
      .strictObject({
        help: address.optional(),
        privacy: address.optional(),
        terms: address.optional(),
        imprint: address.optional(),
      })
      .optional()
      .meta({ description: 'Shown in the foot of every page.' }),
  })
  .meta({ id: 'ThemeSettings' })

export type ThemeSettings = z.infer<typeof themeSettingsSchema>
export type SchemeColours = NonNullable<NonNullable<ThemeSettings['colours']>['light']>

/** A client's theme on top of everybody's: field by field. */
export function onTop(below: ThemeSettings, above: ThemeSettings): ThemeSettings {
  return {
    ...below,
    ...above,
    colours: {
      light: { ...below.colours?.light, ...above.colours?.light },
      dark: { ...below.colours?.dark, ...above.colours?.dark },
    },
    links: { ...below.links, ...above.links },
  }
}
