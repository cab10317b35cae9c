import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'

/** The server's own sweeping, which goes a round only when it is told to. */
export type HeldSweep = {
  /** Lets it go one round; resolves when that is over. */
  round(): Promise<void>
  /** From now on it goes by itself. */
  release(): Promise<void>
}

const TASK = `task_id = (SELECT id FROM graphile_worker._private_tasks WHERE identifier = 'sweep')`

/** Puts off every turn of the job, so that the same server can be measured with it and without it. */
export async function holdSweep(client: pg.Client): Promise<HeldSweep> {
  await client.query(`
    CREATE FUNCTION hold_sweep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF new.locked_at IS NULL AND new.${TASK} THEN new.run_at := now() + interval '1 day'; END IF;
      RETURN new;
    END $$;
    CREATE TRIGGER hold_sweep BEFORE INSERT OR UPDATE ON graphile_worker._private_jobs FOR EACH ROW
      WHEN (current_setting('bench.go', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION hold_sweep()`)
  await client.query(`SET bench.go = 'on'`)
  const put = async (runAt: string) => {
    const set = `UPDATE graphile_worker._private_jobs SET run_at = ${runAt} WHERE ${TASK} AND locked_at IS NULL RETURNING id`
    return (await client.query<{ id: string }>(set)).rows[0]?.id
  }
  const isThere = async (condition: string) =>
    (await client.query(`SELECT FROM graphile_worker._private_jobs WHERE ${condition}`)).rows.length > 0
  await put(`now() + interval '1 day'`)
  while (await isThere(`${TASK} AND locked_at IS NOT NULL`)) await sleep(100)
  return {
    async round() {
      let id = await put('now()')
      for (; id === undefined; id = await put('now()')) await sleep(200)
      while (await isThere(`id = ${id}`)) await sleep(50)
    },
    async release() {
      await client.query('DROP TRIGGER hold_sweep ON graphile_worker._private_jobs')
      await put('now()')
    },
  }
}
