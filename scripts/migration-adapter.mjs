// Prisma's PostgreSQL adapter, corrected where the schema engine needs more of it than the client does.
import { PrismaPg } from '@prisma/adapter-pg'
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils'
import pg from 'pg'

const CHAR_OID = 18
const PG_NODE_TREE_OID = 194
const TEXT_OID = 25

/** The same server, another database. */
export function withDatabase(url, database) {
  const other = new URL(url)
  other.pathname = `/${encodeURIComponent(database)}`
  return other.href
}

/** An adapter factory with one connection, so that the engine's advisory lock and its work share it. */
export class MigrationPg extends PrismaPg {
  #url

  constructor(url) {
    super({ connectionString: url, max: 1 }, { schema: schemaOf(url) })
    this.#url = url
  }

  async connect() {
    return corrected(await super.connect())
  }

  /** A shadow database of its own: the adapter's version would come back to the main one when given a URL. */
  async connectToShadowDb() {
    const database = `prisma_migrate_shadow_db_${crypto.randomUUID()}`
    const admin = new pg.Client({ connectionString: this.#url })
    await admin.connect()
    await admin.query(`CREATE DATABASE "${database}"`)
    const shadow = await new MigrationPg(withDatabase(this.#url, database)).connect()
    const dispose = shadow.dispose.bind(shadow)
    shadow.dispose = async () => {
      await dispose()
      await admin.query(`DROP DATABASE "${database}" WITH (FORCE)`)
      await admin.end()
    }
    return shadow
  }
}

function schemaOf(url) {
  return url ? (new URL(url).searchParams.get('schema') ?? undefined) : undefined
}

function corrected(adapter) {
  const { performIO, queryRaw } = adapter
  const charColumns = new WeakMap()

  // The catalogs have "char" and pg_node_tree columns, which the adapter refuses to read: both are text on the wire.
  adapter.performIO = async function (query) {
    const result = await performIO.call(this, query)
    const fields = result.fields ?? []
    charColumns.set(
      query,
      fields.flatMap((field, i) => (field.dataTypeID === CHAR_OID ? [i] : [])),
    )
    for (const field of fields) {
      if (field.dataTypeID === CHAR_OID || field.dataTypeID === PG_NODE_TREE_OID) field.dataTypeID = TEXT_OID
    }
    return result
  }
  adapter.queryRaw = async function (query) {
    const result = await queryRaw.call(this, query)
    for (const i of charColumns.get(query) ?? []) result.columnTypes[i] = ColumnTypeEnum.Character
    return result
  }

  // The adapter splits a script at every semicolon, which breaks function bodies and is not atomic. One simple-protocol
  // query is one implicit transaction: a migration that fails leaves nothing behind.
  adapter.executeScript = async function (script) {
    try {
      await this.client.query(script)
    } catch (error) {
      this.onError(error)
    }
  }
  return adapter
}
