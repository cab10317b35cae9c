import { afterAll, describe, expect, test } from '@jest/globals'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAssets } from '../../../src/http/assets.ts'
import { createRenderer } from '../../../src/http/render.ts'
import { text } from '../../../src/language/index.ts'
import { pageFixtures, polyglot, renderFixture } from '../../support/page-fixtures.ts'
import type { PageFixture } from '../../support/page-fixtures.ts'

const root = join(import.meta.dirname, '../../..')
const viewsDir = join(root, 'views')
const assets = createAssets(join(root, 'public'))
const render = createRenderer({ viewsDir, assets })
const sheet = (name: string) => readFileSync(join(root, 'public', name), 'utf8')
const stylesheet = `${sheet('palette.css')}${sheet('app.css')}`
const accountSheet = sheet('account.css')
/** A script of ours, from a file: the policy lets no other in. */
const ownScript = /<script type="module" src="\/assets\/[\w.-]+\.js"><\/script>/g

const en = { state: { language: 'en' as const } }
const pages = pageFixtures.map((fixture) => ({ ...fixture, html: renderFixture(render, fixture) }))
const page = (name: string) => {
  const found = pages.find((candidate) => candidate.name === name)
  if (!found) throw new Error(`No fixture named ${name}`)
  return found.html
}

/** Every start tag. Sound because text and attribute values never hold a bare `<` or `>` (asserted below). */
const tags = (html: string) => html.match(/<[a-z][^>]*>/gi) ?? []
const attribute = (tag: string, name: string) => new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]
const hidden = (html: string, name: string) =>
  tags(html)
    .filter((tag) => tag.startsWith('<input type="hidden"') && attribute(tag, 'name') === name)
    .map((tag) => attribute(tag, 'value'))

const scratch: string[] = []
const scratchDir = () => {
  const dir = mkdtempSync(join(tmpdir(), 'cardea-pages-'))
  scratch.push(dir)
  return dir
}
afterAll(() => scratch.forEach((dir) => rmSync(dir, { recursive: true })))

describe.each(pages)('the page $name', ({ name, data, html }) => {
  test('is one complete document with one heading and unique ids', () => {
    expect(html).toMatch(/^<!doctype html>\n<html lang="(en|de)" dir="ltr">/)
    expect(html.match(/<h1>/g)).toHaveLength(1)
    const ids = tags(html).flatMap((tag) => attribute(tag, 'id') ?? [])
    expect(ids).toEqual([...new Set(ids)])
    expect(html).not.toMatch(/undefined|null|\[object|NaN/)
  })

  test('has no script but ours from files, no inline style and no event handler (HT-02)', () => {
    expect(html.replaceAll(ownScript, '')).not.toMatch(/<(script|style|iframe|object|embed|base)\b/i)
    for (const tag of tags(html)) {
      const names = Array.from(tag.replaceAll(/"[^"]*"/g, '').matchAll(/\s([^\s=>/]+)/g), ([, attr]) => attr)
      expect(names.filter((attr) => attr === 'style' || attr?.startsWith('on'))).toEqual([])
    }
  })

  test('loads nothing from another origin (AZ-13)', () => {
    const loaded = tags(html).filter((tag) => /^<(img|link)\b/.test(tag))
    for (const tag of loaded) {
      expect(attribute(tag, 'src') ?? attribute(tag, 'href')).toMatch(
        /^(\/assets\/|\/logos\/[\w-]+\/[\w-]{43}$|data:image\/svg\+xml;base64,)/,
      )
    }
  })

  test('links only to web addresses, own paths and what this device opens (XS-01)', () => {
    for (const tag of tags(html).filter((candidate) => candidate.startsWith('<a '))) {
      expect(attribute(tag, 'href')).toMatch(
        /^(https:\/\/|http:\/\/localhost:3000\/|\/[^/]|#|otpauth:\/\/|data:text\/plain;)/,
      )
    }
  })

  test('puts the csrf token into every form, and every form posts (SE-06)', () => {
    for (const form of html.split('<form ').slice(1)) {
      expect(form).toMatch(/^[^>]*method="post"/)
      // The language picker changes nothing but words.
      if (form.startsWith('method="post" action="/language"')) continue
      const tokens = hidden(form.slice(0, form.indexOf('</form>')), 'csrf')
      expect(tokens).toEqual(data.csrf === undefined ? [] : [data.csrf])
    }
  })

  test('names every field, and describes each invalid one by the error beside it', () => {
    for (const tag of tags(html).filter((candidate) => /^<input (?!type="hidden")/.test(candidate))) {
      const id = attribute(tag, 'id')
      const wrapped = new RegExp(`<label[^>]*>${tag.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')}`).test(html)
      expect(wrapped || html.includes(`<label for="${id ?? ''}">`)).toBe(true)
      expect(tag).not.toContain('placeholder')
      if (tag.includes('aria-invalid')) expect(tag).toMatch(/aria-describedby="error[" ]/)
    }
    expect(html.includes('aria-invalid')).toBe(html.includes('id="error"'))
  })

  test('moves focus to the summary of a problem and never past it', () => {
    const focused = tags(html).filter((tag) => / autofocus[ >]/.test(tag))
    expect(focused.length).toBeLessThanOrEqual(1)
    const alerts = tags(html).some((tag) => tag.includes('role="alert"') && !/ hidden[ >]/.test(tag))
    expect(alerts).toBe(html.includes('<title>Problem: '))
    if (alerts) {
      expect(focused[0]).toContain('role="alert"')
      const target = /class="alert"[\s\S]*?href="#([^"]*)"/.exec(html)?.[1]
      if (target !== undefined) expect(html).toContain(`id="${target}"`)
    }
  })

  test('weighs less than 30 kB with its stylesheet and pictures', () => {
    const pictures = ['logo.svg', 'favicon.svg'].map(
      (file) => readFileSync(join(root, 'public', file)).length,
    )
    const sheets = stylesheet + (html.includes('/assets/account.') ? accountSheet : '')
    const weight = [Buffer.byteLength(html), Buffer.byteLength(sheets), ...pictures].reduce((a, b) => a + b)
    if (!name.endsWith('hostile')) expect(weight).toBeLessThan(30_000)
  })
})

/** One of a few words that a page chooses its sentences by. */
const isOurWord = (name: string, inner: unknown) => name === 'what' && typeof inner === 'string'

/** The data of a page with every text in it replaced by one that breaks out wherever escaping is missing. */
function poisoned(value: unknown): unknown {
  // Addresses of ours are made by us.
  if (typeof value === 'string') return /^(\/|http:\/\/localhost:3000\/)/.test(value) ? value : polyglot
  if (Array.isArray(value)) return value.map(poisoned)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  // A text of ours stays one; what is filled in does not.
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      (name === 'key' && String(inner).includes(':')) || isOurWord(name, inner)
        ? (inner as string)
        : poisoned(inner),
    ]),
  )
}

describe('escaping', () => {
  const hostile = pages.filter(({ name }) => name.endsWith('hostile'))

  test.each(pages)(
    'whatever $name is given in place of every text, it prints as text (XS-01)',
    ({ view, data }) => {
      const html = renderFixture(render, { name: 'poisoned', view, data: poisoned(data) } as PageFixture)
      expect(html).not.toContain(polyglot)
      expect(html.replaceAll(ownScript, '')).not.toMatch(/<svg[^>]*onload|<\/script|<\/style/i)
      expect(html.replaceAll(/<!doctype html>|<\/?[a-z][a-z0-9]*(\s[^<>]*)?>/g, '')).not.toMatch(/[<>]/)
      for (const tag of tags(html)) expect(attribute(tag, 'href') ?? '').not.toMatch(/^\s*javascript:/i)
    },
  )

  test.each(hostile)('prints a polyglot as inert text on $name (XS-01)', ({ html }) => {
    expect(html).not.toContain(polyglot)
    expect(html).toContain('&lt;/scRipt/--!&gt;')
    expect(html.replaceAll(ownScript, '')).not.toMatch(/<svg[^>]*onload|<\/script|<\/style/i)
    // A bare bracket is always one of the template's own tags.
    expect(html.replaceAll(/<!doctype html>|<\/?[a-z][a-z0-9]*(\s[^<>]*)?>/g, '')).not.toMatch(/[<>]/)
  })

  test('leaves out links that a browser would run, and encodes the others (XS-01)', () => {
    const html = page('login-hostile')
    expect(html).not.toContain('Privacy policy')
    expect(html).toContain('href="https://terms.example/%22%3E%3Cscript%3Ealert(1)%3C/script%3E"')
    expect(page('logged-out-hostile')).toContain('You can close this page.')
    expect(page('error-hostile')).not.toContain('Start again')
    expect(page('totp-enrol-hostile')).not.toContain('on this device')
  })

  test.each([
    ['https://app.example/', true],
    ['com.example.app:/signed-out', true],
    ['/interaction/abc', true],
    ['//evil.example/', false],
    ['/\\evil.example/', false],
    ['JaVaScRiPt:alert(1)', false],
    ['java\nscript:alert(1)', false],
    ['\u0001javascript:alert(1)', false],
    ['data:text/html,<b>x</b>', false],
    ['vbscript:x', false],
    ['not a link', false],
  ])('a way back to %j is shown: %j (XS-01)', (returnUri, shown) => {
    expect(render(en, 'logged-out', { returnUri }).includes('class="button primary" href=')).toBe(shown)
  })

  test('data cannot take the place of a helper or a template', () => {
    const data = {
      title: text('errors:http.404.title'),
      message: text('errors:http.404.message'),
      t: () => 'evil',
      rich: () => '<script>',
      link: () => 'javascript:alert(1)',
      body: '<b>',
      startAgainUri: 'x:',
    }
    const html = render(en, 'error', data)
    expect(html).not.toContain('javascript:')
    expect(html).not.toContain('<b>')
  })
})

describe('the pages say', () => {
  test('what is wrong, at both fields of sign-in, without telling which is', () => {
    const html = page('login-error')
    expect(
      tags(html).filter((tag) => tag.includes('aria-invalid="true" aria-describedby="error"')),
    ).toHaveLength(2)
    expect(html).toContain('value="amelie.okafor@example.com"')
    expect(attribute(tags(html).find((tag) => tag.includes('id="password"')) ?? '', 'value')).toBeUndefined()
  })

  test('which scopes are fixed, which are a choice, and which are new (AZ-21)', () => {
    const html = page('consent-asks-for-more')
    const fold = html.indexOf('<details class="known">')
    expect(hidden(html.slice(fold), 'scope')).toEqual(['openid'])
    expect(hidden(html.slice(fold), 'resource_scope')).toEqual(['c events:read'])
    expect(hidden(html.slice(0, fold), 'resource_scope')).toEqual(['r reports:read'])
    const boxesIn = (part: string) =>
      tags(part)
        .filter((tag) => tag.startsWith('<input type="checkbox"'))
        .map((tag) => [attribute(tag, 'name'), attribute(tag, 'value'), / checked>$/.test(tag)])
    expect(boxesIn(html.slice(0, fold))).toEqual([
      ['scope', 'offline_access', true],
      ['resource_scope', 'r reports:write', true],
      ['resource_scope', 'r reports:delete', false],
    ])
    expect(boxesIn(html.slice(fold))).toEqual([
      ['scope', 'profile', true],
      ['scope', 'email', true],
    ])
    expect(html.slice(0, fold).match(/class="badge">New/g)).toHaveLength(3)
    expect(html.slice(fold)).not.toContain('class="badge"')
    expect(page('consent')).not.toContain('class="badge"')
    expect(page('consent-nothing-new')).toContain('<details class="known" open>')
  })

  test('the logo of an app from our own address, and its initial where the logo is elsewhere (AZ-13)', () => {
    expect(page('consent-logo')).toContain('<img class="tile logo asker" src="/logos/acme/')
    expect(page('consent')).not.toContain('class="tile logo')
    expect(page('consent-hostile')).not.toContain('tracker.example')
  })

  test('where the browser goes next, and Deny before Allow so that Enter grants nothing', () => {
    const html = page('consent')
    expect(html).toContain('<bdi>mail.acme.example</bdi>')
    expect(html.indexOf('value="deny"')).toBeLessThan(html.indexOf('value="allow"'))
  })

  test('the key of the authenticator app in groups of four that copy as one', () => {
    expect(page('totp-enrol')).toContain('<code><span>JBSW</span><span>Y3DP</span>')
  })

  test('the QR code as an image, from SVG markup and from a data URI alike (HT-02)', () => {
    const fixture = pageFixtures.find(({ name }) => name === 'totp-enrol')
    if (fixture?.view !== 'totp-enrol') throw new Error('fixture missing')
    const qrSvg = '<svg xmlns="http://www.w3.org/2000/svg"/>'
    const src = `data:image/svg+xml;base64,${Buffer.from(qrSvg).toString('base64')}`
    expect(render(en, 'totp-enrol', { ...fixture.data, qrSvg })).toContain(`src="${src}"`)
    expect(render(en, 'totp-enrol', { ...fixture.data, qrSvg: src })).toContain(`src="${src}"`)
  })

  test('every recovery code, and the same ones in the download', () => {
    const html = page('recovery-codes')
    const codes = Array.from(html.matchAll(/<li><code>([^<]*)<\/code>/g), ([, code]) => code ?? '')
    expect(codes).toHaveLength(10)
    const href = /href="data:text\/plain;charset=utf-8,([^"]*)"/.exec(html)?.[1] ?? ''
    expect(decodeURIComponent(href).trim().split('\r\n')).toEqual(codes)
  })

  test('that signing out needs its own button: staying posts the form without it (LO-01)', () => {
    const html = page('logout')
    expect(hidden(html, 'xsrf')).toHaveLength(1)
    const buttons = tags(html).filter((tag) => tag.startsWith('<button') && !tag.includes(' lang='))
    expect(buttons.map((tag) => [attribute(tag, 'name'), attribute(tag, 'value')])).toEqual([
      [undefined, undefined],
      ['logout', 'yes'],
    ])
  })

  test("the server's own name where one is set", () => {
    const named = createRenderer({ viewsDir, assets, issuerName: 'Brückenamt <ID>' })
    const html = named(en, 'logged-out', {})
    expect(html).toContain('<title>You are signed out · Brückenamt &lt;ID&gt;</title>')
    expect(html).not.toContain('Cardea')
    expect(named(en, 'logged-out', { issuerName: 'Other' })).toContain('· Other</title>')
  })

  test.each([
    ['  «acme»', 'A'],
    ['étoile', 'É'],
    ['🦊 Fox', 'F'],
    ['👩‍💻', '👩‍💻'],
    ['   ', '?'],
  ])('the client %j with the sign %j on its tile', (name, sign) => {
    expect(render(en, 'login', { action: '/', client: { name } })).toContain(
      `aria-hidden="true">${sign}</span>`,
    )
  })
})

test('a missing or broken template stops the start', () => {
  const dir = scratchDir()
  cpSync(viewsDir, dir, { recursive: true })
  writeFileSync(join(dir, 'totp.eta'), '<% if ( { %>')
  expect(() => createRenderer({ viewsDir: dir, assets })).toThrow(/Bad template syntax/)
  rmSync(join(dir, 'totp.eta'))
  expect(() => createRenderer({ viewsDir: dir, assets })).toThrow(/Could not find template/)
})

describe('assets', () => {
  test('are found under the path that carries their digest, and nowhere else', () => {
    const path = assets.href('app.css')
    expect(path).toMatch(/^\/assets\/app\.[0-9a-f]{16}\.css$/)
    const asset = assets.find(path)
    expect(asset?.body.toString()).toBe(sheet('app.css'))
    expect(asset?.type).toBe('text/css; charset=utf-8')
    expect(asset?.etag).toBe(`"${path.slice('/assets/app.'.length, -'.css'.length)}"`)
    expect(assets.find(assets.href('logo.svg'))?.type).toBe('image/svg+xml')
    for (const other of [
      '/assets/app.css',
      '/assets/../package.json',
      `${path}/`,
      `${path}?x`,
      '/assets/__proto__',
      '',
    ]) {
      expect(assets.find(other)).toBeUndefined()
    }
  })

  test('change their path with their content, and only files of a known type are served', () => {
    const dir = scratchDir()
    writeFileSync(join(dir, 'app.css'), 'a{}')
    writeFileSync(join(dir, '.env'), 'SECRET=1')
    writeFileSync(join(dir, 'notes.txt'), 'x')
    const before = createAssets(dir).href('app.css')
    writeFileSync(join(dir, 'app.css'), 'b{}')
    const changed = createAssets(dir)
    expect(changed.href('app.css')).not.toBe(before)
    expect(changed.find(before)).toBeUndefined()
    expect(() => changed.href('.env')).toThrow(/No asset named \.env/)
    expect(() => changed.href('notes.txt')).toThrow(/No asset named/)
  })
})

describe('the stylesheet', () => {
  test('is smaller than 16 kB and loads nothing', () => {
    expect(Buffer.byteLength(stylesheet)).toBeLessThan(16_000)
    expect(stylesheet + accountSheet).not.toMatch(/url\(|@import|@font-face/)
  })

  test('follows the reading direction: logical properties only', () => {
    expect(stylesheet).not.toMatch(
      /(margin|padding|border|inset)-(left|right|top|bottom)|text-align: (left|right)|float:/,
    )
  })

  test('answers the dark scheme, forced colours, calm motion and print', () => {
    for (const query of [
      'prefers-color-scheme: dark',
      'forced-colors: active',
      'prefers-reduced-motion',
      'print',
    ]) {
      expect(stylesheet).toContain(query)
    }
  })

  test('defines every class that a template uses', () => {
    const used = new Set(
      pages.flatMap(({ html }) => tags(html).flatMap((tag) => attribute(tag, 'class')?.split(' ') ?? [])),
    )
    // One is a mark for a script.
    const unstyled = [...used].filter((name) => !(stylesheet + accountSheet).includes(`.${name}`))
    expect(unstyled.filter((name) => name !== 'new-password')).toEqual([])
  })
})
