/** A colour as it is written: `#rrggbb`. */
export type Colour = string

type Rgb = readonly [number, number, number]

/** How far two colours are apart, 1 to 21 (WCAG 2.2, contrast ratio). */
export function contrast(a: Colour, b: Colour): number {
  const [lighter = 0, darker = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (lighter + 0.05) / (darker + 0.05)
}

/** So much of `b` in `a`: 0 is `a`, 1 is `b`. */
export function mix(a: Colour, b: Colour, share: number): Colour {
  const [from, to] = [channels(a), channels(b)]
  const mixed = from.map((value, index) => Math.round(value + ((to[index] ?? 0) - value) * share))
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`
}

/** The first of these colours, given from the most wanted on, that stands out against all grounds; else the last. */
export function firstThatFits(wanted: readonly Colour[], grounds: readonly Colour[], ratio: number): Colour {
  const fits = wanted.find((colour) => grounds.every((ground) => contrast(colour, ground) >= ratio))
  return fits ?? wanted.at(-1) ?? '#000000'
}

function luminance(colour: Colour): number {
  const [r, g, b] = channels(colour).map((value) => {
    const share = value / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as unknown as Rgb
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function channels(colour: Colour): Rgb {
  const value = Number.parseInt(colour.slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}
