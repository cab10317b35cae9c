import { wordsFor } from '../clients/index.ts'
import type { WordsFor } from '../clients/index.ts'
import type { ScopeSection, ScopeView, Views } from '../http/index.ts'
import { text } from '../language/index.ts'
import type { Language } from '../language/index.ts'
import type { ConsentLine } from '../oidc/index.ts'
import { clientView } from './client-view.ts'
import type { InteractionDeps } from './deps.ts'
import type { SignIn } from './sign-in.ts'

type ConsentView = Omit<Views['consent'], 'action'>

/**
 * What the app asks for, in words: first what the person has not allowed yet, then what they have. What was unticked then is still
 * unticked, and who runs the app is said as far as it is known.
 */
export async function consentView(
  { database, oidc }: InteractionDeps,
  { interaction, client, user }: SignIn,
  language: Language,
): Promise<ConsentView> {
  const db = database.prisma
  const { earlier, lines } = await oidc.askedOf(db, interaction, user?.id ?? '')
  const words = await wordsFor(db, language, { resources: lines.flatMap(({ resource }) => resource ?? []) })
  const firstTime = earlier.granted.openid.length === 0
  const isKnown = ({ before }: ConsentLine) => !firstTime && before === 'granted'
  return {
    email: user?.email ?? '',
    client: clientView(client),
    verified: client.verified || client.firstParty || client.builtIn,
    siteHost: hostOf(client.metadata.client_uri),
    redirectHost: hostOf(String(interaction.params['redirect_uri'])),
    asked: sectionsOf(
      words,
      lines.filter((line) => !isKnown(line)),
    ),
    known: sectionsOf(words, lines.filter(isKnown)),
    firstTime,
  }
}

/** What is ours first, then each API; and what lasts longest, the access while the person is away, at the end of it. */
function sectionsOf(words: WordsFor, lines: readonly ConsentLine[]): ScopeSection[] {
  const ofOurs = lines.filter(({ resource }) => resource === null)
  const ours = [
    ...ofOurs.filter(({ name }) => name !== 'offline_access'),
    ...ofOurs.filter(({ name }) => name === 'offline_access'),
  ]
  const identifiers = [...new Set(lines.flatMap(({ resource }) => resource ?? []))]
  return [
    ...(ours.length > 0 ? [{ lines: ours.map((line) => scopeView(words, line)) }] : []),
    ...identifiers.map((identifier) => ({
      resource: { identifier, name: words.resource(identifier) },
      lines: lines.filter(({ resource }) => resource === identifier).map((line) => scopeView(words, line)),
    })),
  ]
}

function scopeView(words: WordsFor, line: ConsentLine): ScopeView {
  const { kind, name, resource, value, optional, essential, before } = line
  const said =
    kind === 'resource_scope'
      ? words.resourceScope(resource ?? '', name)
      : kind === 'claim'
        ? words.claim(name)
        : words.scope(name)
  const need = essential ? text('consent:essential') : text('consent:voluntary')
  return {
    ...{ ...said, value, optional },
    input: kind === 'resource_scope' ? 'resource_scope' : 'scope',
    notes: [
      ...(kind === 'claim' ? [need] : []),
      ...(before === 'refused' ? [text('consent:refusedBefore')] : []),
    ],
    isNew: before === 'unanswered',
    checked: before !== 'refused',
  }
}

function hostOf(uri: string | undefined): string {
  const url = URL.parse(uri ?? '')
  return url?.host || (url?.protocol.replace(/:$/, '') ?? '')
}
