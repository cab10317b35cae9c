import { findResourceServer } from '../clients/index.ts'
import type { ScopeView, Views } from '../http/index.ts'
import { isOptional } from '../oidc/index.ts'
import { clientView } from './client-view.ts'
import type { InteractionDeps } from './deps.ts'
import { wordsForClaim, wordsForScope } from './scope-words.ts'
import type { SignIn } from './sign-in.ts'

type ConsentView = Omit<Views['consent'], 'action'>

/** What the app asks for, in words, with what is new since the last time and what was unticked then still unticked. */
export async function consentView(
  { database, oidc }: InteractionDeps,
  { interaction, client, user }: SignIn,
): Promise<ConsentView> {
  const db = database.prisma
  const { asked, earlier, isNew } = await oidc.askedOf(db, interaction, user?.id ?? '')
  const scopes = asked.openid
    .filter((name) => name !== 'offline_access')
    .map((name): ScopeView => ({
      name,
      ...wordsForScope(name),
      optional: isOptional(name),
      isNew: isNew(name),
      checked: !earlier.rejected.openid.includes(name),
    }))
  const claims = asked.claims.map((name): ScopeView => ({
    name: `claim:${name}`,
    title: wordsForClaim(name),
    description: 'Asked for by name',
    optional: false,
    isNew: !earlier.granted.claims.includes(name),
    checked: true,
  }))
  const resources = []
  for (const identifier of Object.keys(asked.resources)) {
    const server = await findResourceServer(db, identifier)
    const names = new Set(asked.resources[identifier]?.map(({ name }) => name))
    const of = server?.scopes.filter(({ name }) => names.has(name)) ?? []
    resources.push({
      name: server?.name ?? identifier,
      identifier,
      scopes: of.map(({ name, description, optional }): ScopeView => ({
        name,
        title: description,
        description: name,
        optional,
        isNew: isNew(name, identifier),
        checked: !(earlier.rejected.resources[identifier] ?? []).includes(name),
      })),
    })
  }
  return {
    email: user?.email ?? '',
    client: clientView(client),
    redirectHost: hostOf(String(interaction.params['redirect_uri'])),
    scopes: [...scopes, ...claims],
    resources,
    offline: asked.openid.includes('offline_access'),
    firstTime: earlier.granted.openid.length === 0,
  }
}

function hostOf(redirectUri: string): string {
  const url = URL.parse(redirectUri)
  return url?.host || (url?.protocol.replace(/:$/, '') ?? '')
}
