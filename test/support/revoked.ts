import { ADMIN_API } from '../../src/clients/index.ts'
import { readBearer } from '../../src/oidc/index.ts'
import type { TestServer } from './server.ts'
import { refresh } from './sign-in.ts'
import { introspect, userinfo } from './tokens.ts'
import type { addClient } from './people.ts'

type Client = Awaited<ReturnType<typeof addClient>>

/** Where, on any instance, any of these tokens is still good for anything. Tokens that the client never got count as dead. */
export async function doorsOpenTo(
  server: TestServer,
  client: Client,
  {
    access_token: access,
    refresh_token: renewal,
  }: { access_token?: string | undefined; refresh_token?: string | undefined },
): Promise<string[]> {
  const open: string[] = []
  for (const instance of server.instances) {
    for (const token of [access, renewal].filter((one) => one !== undefined))
      if ((await introspect(instance, client, token)).text !== '{"active":false}') open.push('introspection')
    if (access !== undefined) {
      if ((await userinfo(instance, access)).status !== 401) open.push('userinfo')
      if ((await readBearer(instance.database, access, ADMIN_API)) !== null) open.push('admin API')
    }
    if (renewal !== undefined) {
      const answer = await refresh(instance, client, renewal)
      if (answer.status !== 400 || answer.json()['error'] !== 'invalid_grant') open.push('refresh')
    }
  }
  return open
}

/** Gives a grant so many more access tokens, as if by refreshing. */
export async function addTokens(
  { database }: Pick<TestServer, 'database'>,
  grantId: string,
  count: number,
): Promise<void> {
  await database.prisma.$executeRaw`
    INSERT INTO tokens (digest, kind, grant_id, client_id, user_id, payload, expires_at)
    SELECT sha256(convert_to(${grantId} || n, 'UTF8')), 'AccessToken', g.id, g.client_id, g.user_id, '{}', now() + interval '10 minutes'
    FROM grants g, generate_series(1, ${count}::int) n WHERE g.id = ${grantId}`
}
