import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cardeaHere } from './command.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'cardea-own-views-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const views = (...args: string[]) => cardeaHere(['views', ...args], { env: { CARDEA_VIEWS_DIR: dir } })

describe('templates of one’s own', () => {
  test('are copied from the list of ours, and never written over', async () => {
    expect((await views('list')).stdout).toMatch(/^login$/m)
    expect(await views('copy', 'login')).toMatchObject({ code: 0 })
    expect(readFileSync(join(dir, 'login.eta'), 'utf8')).toMatch(
      /^<% \/\* cardea template login, made from [0-9a-f]{16} \*\/ %>\n/,
    )
    expect((await views('copy', 'login')).code).toBe(73)
    expect((await views('copy', 'lgin')).code).toBe(66)
  })

  test('are up to date until ours change, and then the check says how', async () => {
    await views('copy', 'login')
    expect(await views('check')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ok {4}login/) })
    // What an older version of ours would have left here.
    const path = join(dir, 'login.eta')
    const basePath = join(dir, '.shipped/login.eta')
    const older = readFileSync(basePath, 'utf8').replace('<h1>', '<h1 id="old">')
    writeFileSync(basePath, older)
    const { createHash } = await import('node:crypto')
    const digest = createHash('sha256').update(older).digest('hex').slice(0, 16)
    writeFileSync(path, readFileSync(path, 'utf8').replace(/made from \w+/, `made from ${digest}`))
    const checked = await views('check')
    expect(checked.code).toBe(1)
    expect(checked.stdout).toMatch(/^OLD {3}login/)
    expect(checked.stdout).toMatch(/- <h1 id="old">[\s\S]*\+ <h1>/)
  })

  test('that replace nothing are a wrong configuration', async () => {
    writeFileSync(join(dir, 'lgin.eta'), 'x')
    expect(await views('check')).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('lgin.eta replaces nothing'),
    })
  })

  test('need a folder', async () => {
    expect((await cardeaHere(['views', 'check'])).code).toBe(64)
  })
})
