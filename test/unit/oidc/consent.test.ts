import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  approvedScopes,
  decisionSchema,
  isGranted,
  isOptional,
  linesOf,
  nothingDecided,
} from '../../../src/oidc/consent.ts'
import type { Asked, Decision } from '../../../src/oidc/consent.ts'

const asked: Asked = {
  openid: ['openid', 'email', 'profile'],
  claims: ['email'],
  resources: {
    'https://api.example/': [
      { name: 'orders:read', optional: true },
      { name: 'orders:write', optional: false },
    ],
  },
}

describe('a consent form', () => {
  test('gives what was ticked and what cannot be done without, and remembers what was not (AZ-21)', () => {
    const decision = approvedScopes(asked, { openid: ['email'], resources: [] }, nothingDecided)
    expect(decision).toEqual({
      granted: {
        openid: ['openid', 'email'],
        claims: ['email'],
        resources: { 'https://api.example/': ['orders:write'] },
      },
      rejected: { openid: ['profile'], claims: [], resources: { 'https://api.example/': ['orders:read'] } },
    })
  })

  test('gives a scope of an API only for that API (TO-04)', () => {
    const two = {
      ...asked,
      resources: { a: [{ name: 's', optional: true }], b: [{ name: 's', optional: true }] },
    }
    const { granted, rejected } = approvedScopes(two, { openid: [], resources: ['a s'] }, nothingDecided)
    expect([granted.resources, rejected.resources]).toEqual([
      { a: ['s'], b: [] },
      { a: [], b: ['s'] },
    ])
  })

  test('replaces an earlier answer about what is asked again, in both directions (AZ-21)', () => {
    const first = approvedScopes(asked, { openid: ['email'], resources: [] }, nothingDecided)
    const second = approvedScopes(
      asked,
      { openid: ['profile'], resources: ['https://api.example/ orders:read'] },
      first,
    )
    expect(second.granted.openid.toSorted()).toEqual(['openid', 'profile'])
    expect(second.rejected.openid).toEqual(['email'])
    expect(second.granted.resources['https://api.example/']?.toSorted()).toEqual([
      'orders:read',
      'orders:write',
    ])
    expect(second.rejected.resources['https://api.example/']).toEqual([])
  })

  test('leaves an earlier answer about what is not asked this time (AZ-21)', () => {
    const first = approvedScopes(asked, { openid: ['email'], resources: [] }, nothingDecided)
    const less = { openid: ['openid'], claims: [], resources: {} }
    expect(approvedScopes(less, { openid: [], resources: [] }, first)).toEqual({
      granted: { ...first.granted, openid: ['email', 'openid'] },
      rejected: first.rejected,
    })
  })

  test('refuses a claim asked for by name when the scope that asks for it too is unticked (AZ-21, OIDC Core §5.5)', () => {
    const { granted, rejected } = approvedScopes(
      asked,
      { openid: ['claim:email'], resources: [] },
      nothingDecided,
    )
    expect([granted.claims, rejected.claims]).toEqual([[], ['email']])
  })

  test('takes an earlier grant by name back with the scope, and an earlier refusal by name with it too (AZ-21)', () => {
    const byName = { openid: ['openid'], claims: ['email'], resources: {} }
    const byScope = { openid: ['openid', 'email'], claims: [], resources: {} }
    const yes = approvedScopes(byName, { openid: ['claim:email'], resources: [] }, nothingDecided)
    const no = approvedScopes(byName, { openid: [], resources: [] }, nothingDecided)
    expect([yes.granted.claims, no.rejected.claims]).toEqual([['email'], ['email']])
    const nowNo = approvedScopes(byScope, { openid: [], resources: [] }, yes)
    expect([nowNo.granted.claims, nowNo.rejected.claims]).toEqual([[], ['email']])
    const nowYes = approvedScopes(byScope, { openid: ['email'], resources: [] }, no)
    expect([nowYes.granted.claims, nowYes.rejected.claims]).toEqual([[], []])
  })

  test('may refuse what the client calls essential, as everything but openid (OIDC Core §5.5.1)', () => {
    const needed = { openid: ['openid'], claims: ['name', 'email'], essential: ['email'], resources: {} }
    const lines = linesOf(needed, nothingDecided)
    expect(lines.map(({ value, essential, optional }) => [value, essential, optional])).toEqual([
      ['openid', false, false],
      ['claim:name', false, true],
      ['claim:email', true, true],
    ])
    expect(approvedScopes(needed, { openid: [], resources: [] }, nothingDecided).granted.claims).toEqual([])
  })

  test('has a line for each thing asked, with the answer it had before; a claim within a scope has none of its own', () => {
    const first = approvedScopes(asked, { openid: ['email'], resources: [] }, nothingDecided)
    const more = { ...asked, openid: [...asked.openid, 'offline_access'] }
    expect(linesOf(more, first).map(({ value, before }) => [value, before])).toEqual([
      ['openid', 'granted'],
      ['email', 'granted'],
      ['profile', 'refused'],
      ['offline_access', 'unanswered'],
      ['https://api.example/ orders:read', 'refused'],
      ['https://api.example/ orders:write', 'granted'],
    ])
  })

  test('only openid cannot be unticked', () => {
    expect(['openid', 'email', 'profile', 'offline_access'].map(isOptional)).toEqual([
      false,
      true,
      true,
      true,
    ])
  })
})

const scopes = fc.uniqueArray(fc.constantFrom('openid', 'email', 'profile', 'offline_access', 'x', 'y'))
const identifiers = ['https://a.example/', 'https://b.example/', 'https://c.example/']
const someAsked: fc.Arbitrary<Asked> = fc.record({
  openid: scopes,
  claims: fc.uniqueArray(fc.constantFrom('email', 'name')),
  resources: fc.dictionary(
    fc.constantFrom(...identifiers),
    fc.uniqueArray(fc.record({ name: fc.constantFrom('x', 'y', 'openid'), optional: fc.boolean() }), {
      selector: ({ name }) => name,
    }),
  ),
})
const someTicked = fc.record({
  openid: fc.uniqueArray(
    fc.constantFrom('openid', 'email', 'profile', 'offline_access', 'x', 'y', 'claim:email', 'claim:name'),
  ),
  resources: fc.array(
    fc
      .tuple(fc.constantFrom(...identifiers), fc.constantFrom('x', 'y', 'z', 'openid'))
      .map((pair) => pair.join(' ')),
  ),
})
/** Whatever was decided before came from forms too. */
const someEarlier: fc.Arbitrary<Decision> = fc
  .array(fc.tuple(someAsked, someTicked), { maxLength: 3 })
  .map((forms) =>
    forms.reduce((decision, [wanted, ticked]) => approvedScopes(wanted, ticked, decision), nothingDecided),
  )

describe('whatever is asked, ticked and decided before,', () => {
  const holds = (
    predicate: (
      wanted: Asked,
      ticked: { openid: string[]; resources: string[] },
      earlier: Decision,
      now: Decision,
    ) => void,
  ) =>
    fc.assert(
      fc.property(someAsked, someTicked, someEarlier, (wanted, ticked, earlier) =>
        predicate(wanted, ticked, earlier, approvedScopes(wanted, ticked, earlier)),
      ),
      { numRuns: 500 },
    )

  test('nothing is granted that was neither asked now nor granted before (AZ-21, CVE-2026-67332)', () =>
    holds((wanted, _, earlier, { granted }) => {
      for (const scope of granted.openid)
        expect([...wanted.openid, ...earlier.granted.openid]).toContain(scope)
      for (const claim of granted.claims)
        expect([...wanted.claims, ...earlier.granted.claims]).toContain(claim)
      for (const [identifier, names] of Object.entries(granted.resources)) {
        const askedNames = (wanted.resources[identifier] ?? []).map(({ name }) => name)
        for (const name of names)
          expect([...askedNames, ...(earlier.granted.resources[identifier] ?? [])]).toContain(name)
      }
    }))

  test('nothing that was asked and may be unticked is granted unless it was ticked (AZ-21)', () =>
    holds((wanted, ticked, _, { granted }) => {
      for (const scope of wanted.openid.filter(isOptional))
        expect(granted.openid.includes(scope)).toBe(ticked.openid.includes(scope))
      for (const [identifier, list] of Object.entries(wanted.resources))
        for (const { name, optional } of list)
          expect((granted.resources[identifier] ?? []).includes(name)).toBe(
            !optional || ticked.resources.includes(`${identifier} ${name}`),
          )
    }))

  test('a line is granted exactly when it could not be unticked or was ticked (AZ-21)', () =>
    holds((wanted, ticked, earlier, now) => {
      for (const line of linesOf(wanted, earlier)) {
        const chosen = line.kind === 'resource_scope' ? ticked.resources : ticked.openid
        expect(isGranted(now, line)).toBe(!line.optional || chosen.includes(line.value))
      }
    }))

  test('nothing is granted and rejected at once, and everything asked has an answer (AZ-21)', () =>
    holds((wanted, _, __, { granted, rejected }) => {
      expect(granted.claims.filter((claim) => rejected.claims.includes(claim))).toEqual([])
      for (const claim of wanted.claims) expect([...granted.claims, ...rejected.claims]).toContain(claim)
      expect(granted.openid.filter((scope) => rejected.openid.includes(scope))).toEqual([])
      for (const scope of wanted.openid) expect([...granted.openid, ...rejected.openid]).toContain(scope)
      for (const identifier of identifiers) {
        const [yes, no] = [granted.resources[identifier] ?? [], rejected.resources[identifier] ?? []]
        expect(yes.filter((name) => no.includes(name))).toEqual([])
        for (const { name } of wanted.resources[identifier] ?? []) expect([...yes, ...no]).toContain(name)
      }
    }))

  test('the same form twice changes nothing the second time, and what is remembered can be read back', () =>
    holds((wanted, ticked, _, now) => {
      const sorted = (decision: Decision) =>
        JSON.parse(JSON.stringify(decision), (_key, value: unknown) =>
          Array.isArray(value) ? value.toSorted() : value,
        ) as Decision
      expect(sorted(approvedScopes(wanted, ticked, now))).toEqual(sorted(now))
      expect(decisionSchema.parse(JSON.parse(JSON.stringify(now)))).toEqual(now)
    }))
})
