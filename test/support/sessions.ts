import type { Person } from './people.ts'
import type { TestServer } from './server.ts'

/** Moves a person's sign-in into the past, as if they had signed in so long ago; returns when that was, in seconds since 1970. */
export async function authenticated(
  { database }: Pick<TestServer, 'database'>,
  person: Pick<Person, 'id'>,
  { secondsAgo }: { secondsAgo: number },
): Promise<number> {
  const at = Math.floor(Date.now() / 1000) - secondsAgo
  await database.prisma
    .$executeRaw`UPDATE sessions SET payload = jsonb_set(payload, '{loginTs}', to_jsonb(${at}::int)) WHERE user_id = ${person.id}::uuid AND revoked_at IS NULL`
  return at
}
