import type pg from 'pg'
import { spreadOf } from './statistics.ts'

const PARTITIONS = 30
const LOOKUPS = 2000
const ROUNDS = 5

/**
 * The other way to get rid of expired rows: a table divided by when they expire, of which whole parts are dropped. Compared with one table of
 * the same rows: what a drop costs, and what every lookup by digest costs meanwhile, which does not know when its token expires.
 */
export async function comparePartitions(
  client: pg.Client,
  { rows, walBytes }: { rows: number; walBytes: () => Promise<number> },
  say: (line: string) => void,
): Promise<void> {
  await client.query(`
    CREATE TABLE whole (LIKE tokens INCLUDING DEFAULTS INCLUDING STORAGE) WITH (fillfactor = 85);
    CREATE TABLE divided (LIKE tokens INCLUDING DEFAULTS INCLUDING STORAGE) PARTITION BY RANGE (expires_at);
    ALTER TABLE divided ADD PRIMARY KEY (digest, kind, expires_at);
    ALTER TABLE whole ADD PRIMARY KEY (digest, kind)`)
  for (const table of ['whole', 'divided'])
    await client.query(`CREATE INDEX ON ${table} (grant_id); CREATE INDEX ON ${table} (expires_at)`)
  for (let part = 0; part < PARTITIONS; part += 1)
    await client.query(
      `CREATE TABLE divided_${part} PARTITION OF divided FOR VALUES FROM
        (timestamptz '2026-01-01' + interval '${part} days') TO (timestamptz '2026-01-01' + interval '${part + 1} days')`,
    )
  const filled: Record<string, number> = {}
  for (const table of ['whole', 'divided']) {
    const startedAt = performance.now()
    await client.query(
      `INSERT INTO ${table} (digest, kind, grant_id, client_id, payload, expires_at)
       SELECT sha256(convert_to('row' || n, 'UTF8')), 'AccessToken', 'grant ' || n / 10, 'web',
         (SELECT payload FROM tokens WHERE kind = 'AccessToken' LIMIT 1),
         timestamptz '2026-01-01' + (n % ${PARTITIONS}) * interval '1 day' FROM generate_series(1, $1::int) n`,
      [rows],
    )
    filled[table] = ((performance.now() - startedAt) * 1000) / rows
    await client.query(`VACUUM (ANALYZE) ${table}`)
  }
  const lookups: Record<string, number[]> = { whole: [], divided: [] }
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [table, times] of Object.entries(lookups)) {
      const startedAt = performance.now()
      await client.query(`DO $$ BEGIN FOR i IN 1..${LOOKUPS} LOOP
        PERFORM 1 FROM ${table} WHERE digest = sha256(convert_to('row' || i * 7, 'UTF8')) AND kind = 'AccessToken';
      END LOOP; END $$`)
      times.push(((performance.now() - startedAt) * 1000) / LOOKUPS)
    }
  await client.query('CHECKPOINT')
  const drop = await cost(() => client.query('DROP TABLE divided_0, divided_1, divided_2'), walBytes)
  const remove = await cost(
    () => client.query(`DELETE FROM whole WHERE expires_at < timestamptz '2026-01-04'`),
    walBytes,
  )
  for (const [table, times] of Object.entries(lookups)) {
    const { median, min, max } = spreadOf(times)
    say(
      `${table}: ${filled[table]?.toFixed(1)} µs to insert a row, ${median.toFixed(1)} µs to look one up [${min.toFixed(1)}–${max.toFixed(1)}]`,
    )
  }
  say(`dropping 3 of ${PARTITIONS} parts: ${drop}; deleting the same rows at once: ${remove}`)
  await client.query('DROP TABLE whole, divided')
}

async function cost(act: () => Promise<unknown>, walBytes: () => Promise<number>): Promise<string> {
  const [from, bytes] = [performance.now(), await walBytes()]
  await act()
  const ms = performance.now() - from
  return `${ms.toFixed(0)} ms, ${(((await walBytes()) - bytes) / 1000).toFixed(0)} kB WAL`
}
