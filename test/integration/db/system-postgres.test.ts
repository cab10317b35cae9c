// Cardea brings PostgreSQL 18, but must work on the one that Debian stable and many companies have.
import { existsSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { migrate, migrationStatus, startEmbeddedPostgres } from '../../../src/db/index.ts'
import { connect } from './connection.ts'
import { enterableFolder } from './folder.ts'

const root = '/usr/lib/postgresql'
const found =
  existsSync(root) && readdirSync(root).some((v) => existsSync(path.join(root, v, 'bin', 'initdb')))
const title = "works on the operating system's PostgreSQL, 15 or later"
const testOnIt = found ? test : test.skip

testOnIt(found ? title : `${title}: skipped, there is none in ${root}`, async () => {
  const dir = await enterableFolder()
  const server = await startEmbeddedPostgres({ dir, fsync: false, prefer: 'system' })
  try {
    expect(server.majorVersion).toBeGreaterThanOrEqual(15)
    const applied = await migrate(server.url)
    expect(await migrationStatus(server.url)).toEqual({ applied, pending: [], failed: [] })
    const db = connect(server.url)
    const user = await db.transaction((tx) => tx.user.create({ data: { email: 'a@example.com' } }))
    expect(await db.prisma.user.findMany()).toEqual([user])
    await db.close()
  } finally {
    await server.stop()
    await rm(dir, { recursive: true })
  }
})
