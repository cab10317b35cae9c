import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { contrast } from '../../../src/clients/theme/contrast.ts'
import { contrastFaults, defaultPalettes, pairs, paletteOf } from '../../../src/clients/theme/palette.ts'
import { fontStacks, themeSettingsSchema } from '../../../src/clients/theme/settings.ts'
import { stylesheetOf } from '../../../src/clients/theme/stylesheet.ts'

const root = join(import.meta.dirname, '../../..')
const css = readFileSync(join(root, 'public/palette.css'), 'utf8')
const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)')
const colourIn = (block: string, name: string) => {
  const value = new RegExp(`--brand-${name}: (#[0-9a-f]+);`).exec(block)?.[1]
  return value?.length === 4 ? value.replaceAll(/[0-9a-f]/g, '$&$&') : value
}

describe('the palette', () => {
  test.each(Object.entries(defaultPalettes.light))(
    'has %s as the stylesheet has it, light',
    (name, colour) => {
      expect(colourIn(light, name)).toBe(colour)
    },
  )

  test.each(Object.entries(defaultPalettes.dark))('has %s as the stylesheet has it, dark', (name, colour) => {
    expect(colourIn(dark, name) ?? colourIn(light, name)).toBe(colour)
  })

  test('of ours stands out wherever it is used', () => {
    for (const scheme of ['light', 'dark'] as const)
      expect(contrastFaults(scheme, defaultPalettes[scheme])).toEqual([])
  })
})

describe('contrast (WCAG 2.2)', () => {
  test.each([
    ['#000000', '#ffffff', 21],
    ['#777777', '#ffffff', 4.478],
    ['#ff0000', '#ffffff', 3.998],
    ['#0000ff', '#ffffff', 8.592],
    ['#808080', '#808080', 1],
  ])('of %s on %s is %f', (a, b, ratio) => {
    expect(contrast(a, b)).toBeCloseTo(ratio, 2)
    expect(contrast(b, a)).toBe(contrast(a, b))
  })
})

describe('colours that are set', () => {
  test.each([
    ['text', { text: '#8a8a8a' }, 'ink on surface'],
    ['accent', { accent: '#7fb2ff' }, 'accent on surface'],
    ['surface', { surface: '#17211e' }, 'ink on surface'],
    ['background', { background: '#555555' }, 'ink on page'],
  ])('are refused with the pair and the ratio: %s', (_, colours, pair) => {
    const faults = contrastFaults('light', paletteOf('light', colours))
    const found = faults.find(({ colour, on }) => `${colour} on ${on}` === pair)
    expect(found).toMatchObject({ scheme: 'light', ratio: 4.5 })
    expect(found?.is).toBeLessThan(4.5)
  })

  test('are never rounded up to what is asked for', () => {
    // 4.4998…
    const faults = contrastFaults('light', { ...defaultPalettes.light, ink: '#767777', surface: '#fffefe' })
    for (const { is, ratio } of faults) expect(is).toBeLessThan(ratio)
  })

  test.each([
    ['light', { accent: '#1d4ed8' }],
    ['light', { accent: '#b91c1c', surface: '#fffaf0', background: '#fef3c7', text: '#1c1917' }],
    ['dark', { accent: '#93c5fd' }],
    ['dark', { accent: '#fde047', surface: '#000000', background: '#111111', text: '#ffffff' }],
  ] as const)('that stand out are taken: %s %j', (scheme, colours) => {
    expect(contrastFaults(scheme, paletteOf(scheme, colours))).toEqual([])
  })

  test('what we work out from them is never what is refused, as long as something would do', () => {
    const colour = fc
      .integer({ min: 0, max: 0xffffff })
      .map((value) => `#${value.toString(16).padStart(6, '0')}`)
    const derived = new Set(['soft', 'edge', 'on-accent', 'danger'])
    fc.assert(
      fc.property(colour, fc.constantFrom('light' as const, 'dark' as const), (accent, scheme) => {
        const faults = contrastFaults(scheme, paletteOf(scheme, { accent }))
        // Whenever the chosen accent itself is legible, so is everything on and around it.
        if (faults.some(({ colour: name }) => name === 'accent' || name === 'accent-strong')) return
        expect(faults.filter(({ colour: name }) => derived.has(name))).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  test('cover every pair that the stylesheets put on each other', () => {
    const sheets = ['app.css', 'account.css'].map((file) => readFileSync(join(root, 'public', file), 'utf8'))
    const paints = new Set(sheets.join('\n').match(/(?<=background(-color)?: )var\(--brand-([\w-]+)\)/g))
    const grounds = new Set(pairs.map(({ on }) => on as string))
    const unknown = [...paints]
      .map((value) => value.slice('var(--brand-'.length, -1))
      // The hinges are a picture without a meaning; lines are drawn, not read on.
      .filter(
        (name) => !grounds.has(name) && !['mark', 'line', 'edge', 'ink', 'soft', 'danger'].includes(name),
      )
    expect(unknown).toEqual([])
  })
})

describe('a theme', () => {
  const hostile = `red;}body{background:url(https://evil.example)}`

  test.each([
    { name: '<script>' },
    { name: 'a\nb' },
    { name: 'a\u202Eb' },
    { name: 'x'.repeat(61) },
    { name: '' },
    { colours: { light: { accent: hostile } } },
    { colours: { light: { accent: '#fff' } } },
    { colours: { light: { accent: 'rebeccapurple' } } },
    { colours: { sepia: {} } },
    { radius: 25 },
    { radius: 1.5 },
    { radius: '4' },
    { font: hostile },
    { font: 'Comic Sans' },
    { links: { help: 'javascript:alert(1)' } },
    { links: { help: 'data:text/html,x' } },
    { links: { help: 'https://user:secret@example.com/' } },
    { links: { evil: 'https://example.com/' } },
    { css: 'body{}' },
  ])('refuses %j (XS-01)', (settings) => {
    expect(themeSettingsSchema.safeParse(settings).success).toBe(false)
  })

  test('becomes a stylesheet of variables alone (XS-01)', () => {
    const sheet = stylesheetOf({
      ...{ name: 'Example', radius: 4, font: 'serif' },
      colours: { light: { accent: '#1d4ed8' }, dark: { accent: '#93c5fd' } },
    })
    expect(sheet).toContain('--brand-accent:#1d4ed8')
    expect(sheet).toContain('--brand-radius:0.25rem')
    expect(sheet).toContain(`--brand-font:${fontStacks.serif}`)
    expect(sheet).toMatch(/@media \(prefers-color-scheme: dark\)\{:root\{[^}]*--brand-accent:#93c5fd/)
    expect(sheet).not.toMatch(/url\(|@import|<|expression/)
    expect(sheet.replaceAll(/--brand-[\w-]+:[^;}]+;?/g, '')).toMatch(
      /^:root\{\}\n@media \(prefers-color-scheme: dark\)\{:root\{\}\}\n@media \(prefers-contrast: more\)\{:root\{\}\}$/,
    )
  })

  test('for one scheme leaves the other as it was', () => {
    const sheet = stylesheetOf({ colours: { light: { accent: '#1d4ed8' }, dark: {} } })
    expect(sheet).toContain(
      `@media (prefers-color-scheme: dark){:root{${Object.entries(defaultPalettes.dark)
        .map(([name, value]) => `--brand-${name}:${value}`)
        .join(';')}}}`,
    )
  })

  test('that sets no looks is no stylesheet', () => {
    expect(stylesheetOf({ name: 'Example' })).toBe('')
    expect(stylesheetOf({ colours: { light: {}, dark: {} } })).toBe('')
  })
})
