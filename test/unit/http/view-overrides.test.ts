import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAssets } from '../../../src/http/assets.ts'
import { createRenderer } from '../../../src/http/render.ts'
import {
  changesSince,
  copyView,
  namesIn,
  readOverrides,
  ViewError,
} from '../../../src/http/view-overrides.ts'

const root = join(import.meta.dirname, '../../..')
const assets = createAssets(join(root, 'public'))
const en = { state: { language: 'en' as const } }

let shipped: string
let own: string
beforeEach(() => {
  const dir = mkdtempSync(join(tmpdir(), 'cardea-views-'))
  shipped = join(dir, 'shipped')
  own = join(dir, 'own')
  cpSync(join(root, 'views'), shipped, { recursive: true })
  mkdirSync(own)
})
afterEach(() => rmSync(join(shipped, '..'), { recursive: true }))

const change = (dir: string, name: string, from: string, to: string) => {
  const path = join(dir, `${name}.eta`)
  const before = readFileSync(path, 'utf8')
  expect(before).toContain(from)
  writeFileSync(path, before.replace(from, to))
}
const rendererWith = (failures: unknown[] = []) =>
  createRenderer({
    ...{ viewsDir: shipped, assets, overrides: readOverrides(shipped, own) },
    onOverrideFailure: (view, error) => failures.push([view, String(error)]),
  })

describe('a template of one’s own', () => {
  test('begins as a copy that says from what it was made, and takes the place of the shipped one', () => {
    expect(copyView(shipped, own, 'logged-out')).toEqual({ ok: true, path: join(own, 'logged-out.eta') })
    change(own, 'logged-out', '<h1>', '<h1 class="mine">')
    const html = rendererWith()(en, 'logged-out', {})
    expect(html).toContain('<h1 class="mine">You are signed out</h1>')
    expect(html).toMatch(/^<!doctype html>/)
    expect(readOverrides(shipped, own)).toMatchObject([{ name: 'logged-out', state: 'current' }])
  })

  test('may be a part, which every page then includes', () => {
    copyView(shipped, own, 'parts/brand')
    change(own, 'parts/brand', 'class="brand"', 'class="brand mine"')
    const render = rendererWith()
    expect(render(en, 'logged-out', {})).toContain('class="brand mine"')
    expect(render(en, 'login', { action: '/' })).toContain('class="brand mine"')
  })

  test('is never written over', () => {
    copyView(shipped, own, 'login')
    change(own, 'login', '<h1>', '<h1 class="mine">')
    expect(copyView(shipped, own, 'login')).toMatchObject({ ok: false, reason: 'exists' })
    expect(readFileSync(join(own, 'login.eta'), 'utf8')).toContain('class="mine"')
  })

  test.each(['nothing', '../shipped/login', '/etc/passwd', 'login.eta', ''])(
    'cannot be copied from %j',
    (name) => {
      expect(copyView(shipped, own, name)).toMatchObject({ ok: false, reason: 'unknown' })
      expect(namesIn(own)).toEqual([])
    },
  )

  test('is told to be behind after an upgrade, with what has changed in the shipped one', () => {
    copyView(shipped, own, 'logged-out')
    change(shipped, 'logged-out', '<h1><%= title %></h1>', '<h1 id="new"><%= title %></h1>')
    const [override] = readOverrides(shipped, own)
    expect(override?.state).toBe('outdated')
    expect(changesSince(override ?? { base: null, shipped: '' })).toEqual([
      '- <h1><%= title %></h1>',
      '+ <h1 id="new"><%= title %></h1>',
    ])
  })

  test('without its first line, or without the copy beside it, tells less, never something wrong', () => {
    copyView(shipped, own, 'login')
    rmSync(join(own, '.shipped'), { recursive: true })
    change(shipped, 'login', '<h1>', '<h1 id="new">')
    const [outdated] = readOverrides(shipped, own)
    expect([outdated?.state, changesSince(outdated ?? { base: null, shipped: '' })]).toEqual([
      'outdated',
      null,
    ])
    writeFileSync(join(own, 'login.eta'), 'mine')
    expect(readOverrides(shipped, own)[0]?.state).toBe('unknown')
  })

  test('that is broken stops the start with its path', () => {
    writeFileSync(join(own, 'totp.eta'), '<% if ( { %>')
    expect(() => rendererWith()).toThrow(ViewError)
    expect(() => rendererWith()).toThrow(/own\/totp\.eta is broken/)
  })

  test('that replaces nothing, or a folder that is not there, stops the start', () => {
    writeFileSync(join(own, 'lgin.eta'), 'x')
    expect(() => readOverrides(shipped, own)).toThrow(/own\/lgin\.eta replaces nothing/)
    expect(() => readOverrides(shipped, join(own, 'none'))).toThrow(/CARDEA_VIEWS_DIR: there is no folder/)
  })

  test('that fails over its data is told, and the page is shown as shipped', () => {
    writeFileSync(join(own, 'error.eta'), '<%= it.no.such.thing %>')
    const failures: unknown[] = []
    const html = rendererWith(failures)(en, 'logged-out', {})
    expect(html).toContain('You are signed out')
    expect(failures).toEqual([])
    const page = {
      title: { key: 'errors:http.404.title' },
      message: { key: 'errors:http.404.message' },
    } as const
    expect(rendererWith(failures)(en, 'error', page)).toContain('<h1>There is nothing here</h1>')
    expect(failures).toEqual([['error', expect.stringContaining('such')]])
  })

  test('escapes what it prints like ours (XS-01)', () => {
    writeFileSync(join(own, 'logged-out.eta'), '<p><%= it.client.name %></p>')
    expect(rendererWith()(en, 'logged-out', { client: { name: '<script>' } })).toBe('<p>&lt;script&gt;</p>')
  })
})

test('every shipped template is known by its name', () => {
  expect(namesIn(shipped)).toEqual(
    expect.arrayContaining(['layout', 'login', 'parts/foot', 'mail/layout.html']),
  )
  expect(existsSync(join(shipped, 'login.eta'))).toBe(true)
})
