import { paletteOf } from './palette.ts'
import type { Scheme } from './palette.ts'
import { fontStacks } from './settings.ts'
import type { SchemeColours, ThemeSettings } from './settings.ts'

/**
 * A theme as a stylesheet: the variables of palette.css anew. Everything in it is a checked colour, a number or one of our own words,
 * so nothing that somebody typed is ever CSS.
 */
export function stylesheetOf({ colours, radius, font }: ThemeSettings): string {
  const shape = [
    ...(radius === undefined
      ? []
      : [`--brand-radius:${radius / 16}rem`, `--brand-card-radius:${(radius * 1.6) / 16}rem`]),
    ...(font === undefined ? [] : [`--brand-font:${fontStacks[font]}`]),
  ]
  // Where one scheme is set, both are written: this stands behind palette.css, and would paint its dark pages light.
  const paints = isSet(colours?.light) || isSet(colours?.dark)
  const light = paints ? declarations('light', colours?.light) : []
  const dark = paints ? declarations('dark', colours?.dark) : []
  return [
    rule([...shape, ...light]),
    dark.length > 0 ? `@media (prefers-color-scheme: dark){${rule(dark)}}` : '',
    // As in palette.css, which the rules above have outdone.
    paints
      ? `@media (prefers-contrast: more){${rule(['--brand-soft:var(--brand-ink)', '--brand-line:var(--brand-edge)', '--brand-edge:var(--brand-ink)'])}}`
      : '',
  ]
    .filter((part) => part !== '')
    .join('\n')
}

function isSet(colours: SchemeColours = {}): boolean {
  return Object.values(colours).some((colour) => colour !== undefined)
}

function declarations(scheme: Scheme, colours?: SchemeColours): string[] {
  return Object.entries(paletteOf(scheme, colours)).map(([name, colour]) => `--brand-${name}:${colour}`)
}

function rule(declared: readonly string[]): string {
  return declared.length === 0 ? '' : `:root{${declared.join(';')}}`
}
