import { contrast, firstThatFits, mix } from './contrast.ts'
import type { Colour } from './contrast.ts'
import type { SchemeColours } from './settings.ts'

export type Scheme = 'light' | 'dark'

/** The colours a page is painted with, by the names that the stylesheets know them by (`--brand-…`). */
export type Palette = Record<
  | 'page'
  | 'surface'
  | 'ink'
  | 'soft'
  | 'line'
  | 'edge'
  | 'accent'
  | 'accent-strong'
  | 'on-accent'
  | 'tint'
  | 'mark'
  | 'danger'
  | 'danger-tint',
  Colour
>

/** What public/palette.css says; a test holds the two together. */
export const defaultPalettes: Record<Scheme, Palette> = {
  light: {
    page: '#eff1ee',
    surface: '#ffffff',
    ink: '#17211e',
    soft: '#51605b',
    line: '#dde2de',
    edge: '#7b8884',
    accent: '#175c50',
    'accent-strong': '#0f443b',
    'on-accent': '#ffffff',
    tint: '#e5f0ec',
    mark: '#2a7f70',
    danger: '#a1221c',
    'danger-tint': '#fcf0ee',
  },
  dark: {
    page: '#0e1211',
    surface: '#181d1c',
    ink: '#e9eeec',
    soft: '#a7b4af',
    line: '#2c3533',
    edge: '#74827d',
    accent: '#8ad5c2',
    'accent-strong': '#a9e5d6',
    'on-accent': '#06231d',
    tint: '#1e302b',
    mark: '#2a7f70',
    danger: '#ffb3a9',
    'danger-tint': '#34201e',
  },
}

type Name = keyof Palette
type Pair = { colour: Name; on: Name; ratio: number; where: string }

const TEXT = 4.5
const EDGE = 3

/** Every pair of colours that the stylesheets put on each other, with the ratio that WCAG 2.2 AA asks for (1.4.3, 1.4.11). */
export const pairs: readonly Pair[] = [
  { colour: 'ink', on: 'surface', ratio: TEXT, where: 'text on cards' },
  { colour: 'ink', on: 'page', ratio: TEXT, where: 'text on the ground of the page, and codes' },
  { colour: 'ink', on: 'tint', ratio: TEXT, where: 'text in boxes that ask for attention' },
  { colour: 'ink', on: 'danger-tint', ratio: TEXT, where: 'text in error summaries' },
  { colour: 'soft', on: 'surface', ratio: TEXT, where: 'secondary text on cards' },
  { colour: 'soft', on: 'page', ratio: TEXT, where: 'the foot of the page' },
  { colour: 'soft', on: 'tint', ratio: TEXT, where: 'secondary text under the pointer' },
  { colour: 'accent', on: 'surface', ratio: TEXT, where: 'links and quiet buttons' },
  { colour: 'accent', on: 'page', ratio: TEXT, where: 'focus rings and links outside cards' },
  { colour: 'accent', on: 'tint', ratio: TEXT, where: 'quiet buttons under the pointer' },
  { colour: 'accent-strong', on: 'tint', ratio: TEXT, where: 'badges and initials' },
  { colour: 'on-accent', on: 'accent', ratio: TEXT, where: 'main buttons' },
  { colour: 'on-accent', on: 'accent-strong', ratio: TEXT, where: 'main buttons under the pointer' },
  { colour: 'danger', on: 'surface', ratio: TEXT, where: 'errors at fields' },
  { colour: 'danger', on: 'danger-tint', ratio: TEXT, where: 'links in error summaries' },
  { colour: 'edge', on: 'surface', ratio: EDGE, where: 'the edges of fields' },
]

/**
 * The whole palette from the few colours that a theme sets: what it leaves open is ours, what follows from its colours is worked out
 * from them. Ours yields where it would not stand out, theirs never: that is for `contrastFaults` to refuse.
 */
export function paletteOf(scheme: Scheme, colours: SchemeColours = {}): Palette {
  const own = { ...defaultPalettes[scheme] }
  if (Object.keys(colours).length === 0) return own
  const surface = colours.surface ?? own.surface
  const page = colours.background ?? own.page
  const ink = colours.text ?? own.ink
  const accent = colours.accent ?? own.accent
  const tint =
    colours.accent || colours.surface ? mix(surface, accent, scheme === 'light' ? 0.1 : 0.14) : own.tint
  const dangerTint = mix(surface, own.danger, scheme === 'light' ? 0.07 : 0.14)
  const strong = mix(accent, ink, 0.3)
  return {
    ...own,
    ...{ surface, page, ink, accent, tint },
    soft: firstThatFits([own.soft, ...steps(mix(ink, surface, 0.3), ink)], [surface, page, tint], TEXT),
    line: mix(surface, ink, 0.13),
    edge: firstThatFits([own.edge, ...steps(mix(ink, surface, 0.5), ink)], [surface], EDGE),
    'accent-strong': colours.accent ? strong : own['accent-strong'],
    'on-accent': colours.accent
      ? firstThatFits(['#ffffff', own['on-accent'], '#000000'], [accent, strong], TEXT)
      : own['on-accent'],
    mark: colours.accent ? accent : own.mark,
    danger: firstThatFits([own.danger, ...steps(own.danger, ink)], [surface, dangerTint], TEXT),
    'danger-tint': dangerTint,
  }
}

/** From one colour to another, in ten steps. */
function steps(from: Colour, to: Colour): Colour[] {
  return Array.from({ length: 11 }, (_, step) => mix(from, to, step / 10))
}

/** A pair of colours that is too close, and how close. */
export type ContrastFault = Pair & { scheme: Scheme; is: number; colours: [Colour, Colour] }

/** The pairs of a palette that people with poor eyes could not tell apart; empty when all is well. */
export function contrastFaults(scheme: Scheme, palette: Palette): ContrastFault[] {
  return pairs.flatMap((pair) => {
    const colours: [Colour, Colour] = [palette[pair.colour], palette[pair.on]]
    const is = contrast(...colours)
    // Never rounded up: 4.499 is not 4.5.
    return is < pair.ratio ? [{ ...pair, scheme, colours, is: Math.floor(is * 100) / 100 }] : []
  })
}
