// What `npm install` and a start from a checkout run first. The generator itself runs once per schema, so it is seen here
// at the edges: nothing to do, and no generator installed.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'

const root = fileURLToPath(new URL('../../..', import.meta.url))

function generate(folder: string, event = ''): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/generate-client.mjs'], {
    cwd: folder,
    env: { ...process.env, npm_lifecycle_event: event },
    encoding: 'utf8',
  })
  return { status, said: stdout + stderr }
}

test('leaves a client that is up to date alone', () => {
  expect(generate(root)).toEqual({ status: 0, said: '' })
  const client = path.join(root, 'src/db/generated/client.ts')
  const before = statSync(client).mtimeMs
  expect(generate(root)).toEqual({ status: 0, said: '' })
  expect(statSync(client).mtimeMs).toBe(before)
})

describe('without the prisma package (npm ci --omit=dev)', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'cardea-generate-'))
    cpSync(path.join(root, 'scripts'), path.join(folder, 'scripts'), { recursive: true })
    cpSync(path.join(root, 'prisma/schema.prisma'), path.join(folder, 'prisma/schema.prisma'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('is content with a client that is there', () => {
    mkdirSync(path.join(folder, 'src/db/generated'), { recursive: true })
    writeFileSync(path.join(folder, 'src/db/generated/client.ts'), '')
    expect(generate(folder)).toEqual({ status: 0, said: '' })
  })

  test('says what is missing, and fails a start but not an installation', () => {
    expect(generate(folder)).toEqual({
      status: 1,
      said: expect.stringContaining('src/db/generated is missing'),
    })
    expect(generate(folder, 'postinstall')).toMatchObject({ status: 0 })
  })

  test('has nothing to do before the sources are there', () => {
    rmSync(path.join(folder, 'prisma'), { recursive: true })
    expect(generate(folder)).toEqual({ status: 0, said: '' })
  })
})
