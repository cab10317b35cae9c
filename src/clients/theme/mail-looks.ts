import type { Colour } from './contrast.ts'
import { paletteOf } from './palette.ts'
import { fontStacks } from './settings.ts'
import type { ThemeSettings } from './settings.ts'

/** How mails look: the theme for everybody, as far as mail programs can show it. */
export type MailLooks = {
  /** What people know the server by, where a theme says so. */
  name: string | undefined
  /** The ground of a button and the text on it. */
  accent: Colour
  onAccent: Colour
  /** Of corners, in pixels. */
  radius: number
  font: string
}

/**
 * A theme as mails wear it. Its colours are those of the light scheme: a mail program that shows mails dark does so by itself, and a button
 * brings its own ground. No logo, for a mail loads nothing. All but the name is a checked colour, a number or one of our own words, so it may
 * stand in a style attribute.
 */
export function mailLooksOf({ name, colours, radius = 10, font = 'system' }: ThemeSettings): MailLooks {
  const palette = paletteOf('light', colours?.light)
  return {
    ...{ name, radius, font: fontStacks[font] },
    ...{ accent: palette.accent, onAccent: palette['on-accent'] },
  }
}
