import { describe, expect, test } from '@jest/globals'
import { parseConfig } from '../../../src/config/index.ts'
import type { AcrFactor, AcrLevel } from '../../../src/config/index.ts'
import { parseKeyring } from '../../../src/crypto/index.ts'
import { ACR, acrRequestOf, authenticationAt, decideAcr, reachedAcr } from '../../../src/oidc/acr.ts'
import type { AcrRequest, Factor, FactorTimes } from '../../../src/oidc/acr.ts'

const { password: pwd, multiFactor: mfa } = ACR
const strong = 'urn:example:acr:strong'
const none: AcrRequest = { acrValues: [], essential: undefined }
const NOW = 1_800_000_000

function tableOf(text: string): readonly AcrLevel[] {
  const source = { defaultMode: 'development', readFile: String, parseKeyring } as const
  const parsed = parseConfig({ CARDEA_ACR: text }, source)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.config.acr
}
const shipped = `${pwd}=pwd; ${mfa}=pwd+otp|passkey|pwd+recovery_code`
const table = tableOf(`${shipped}; ${strong}=passkey,300`)

/** Proven just now, or so many seconds ago. */
function proven(...factors: (Factor | [Factor, number])[]): FactorTimes {
  return Object.fromEntries(
    factors.map((factor) => (Array.isArray(factor) ? [factor[0], NOW - factor[1]] : [factor, NOW])),
  )
}

type Asked = {
  request?: Partial<AcrRequest>
  policy?: 'optional' | 'required'
  proven?: FactorTimes
  has?: AcrFactor[]
  canEnrol?: AcrFactor[]
}

/** `met`, `unmet`, or what is to be reached: an acr, or `second factor`. */
function decided({
  request,
  policy = 'optional',
  proven: shown = {},
  has = ['pwd'],
  canEnrol = [],
}: Asked): string {
  const demand = { table, policy, request: { ...none, ...request } }
  const reach = { has: new Set(has), canEnrol: new Set(canEnrol) }
  const decision = decideAcr(demand, { proven: shown, reach, now: NOW })
  return decision.kind === 'ask' ? (decision.level?.acr ?? 'second factor') : decision.kind
}

const can: AcrFactor[] = ['otp', 'passkey']

describe('acr_values are a wish, in order of preference (OIDC Core section 3.1.2.1)', () => {
  test.each<[string, Asked, string]>([
    ['nothing wanted, the password shown', { proven: proven('pwd') }, 'met'],
    ['nothing wanted, but policy wants more', { proven: proven('pwd'), policy: 'required' }, 'second factor'],
    ['policy is content with a code', { proven: proven('pwd', 'otp'), policy: 'required' }, 'met'],
    ['policy is content with a passkey alone', { proven: proven('passkey'), policy: 'required' }, 'met'],
    [
      'policy is content with a trusted browser',
      { proven: proven('pwd', 'trusted_browser'), policy: 'required' },
      'met',
    ],
    [
      'mfa wanted, the authenticator at hand',
      { request: { acrValues: [mfa] }, proven: proven('pwd'), has: ['pwd', 'otp'] },
      mfa,
    ],
    [
      'mfa wanted, nothing but the password, to be set up',
      { request: { acrValues: [mfa] }, proven: proven('pwd'), canEnrol: can },
      mfa,
    ],
    ['mfa wanted, and out of reach', { request: { acrValues: [mfa] }, proven: proven('pwd') }, 'met'],
    [
      'mfa wanted, a trusted browser is none',
      { request: { acrValues: [mfa] }, proven: proven('pwd', 'trusted_browser'), has: ['pwd', 'otp'] },
      mfa,
    ],
    ['pwd wanted, more was shown', { request: { acrValues: [pwd] }, proven: proven('passkey') }, 'met'],
    [
      'mfa or else pwd wanted: the first that can be reached, not the lowest',
      { request: { acrValues: [mfa, pwd] }, proven: proven('pwd'), has: ['pwd', 'otp'] },
      mfa,
    ],
    [
      'pwd or else mfa wanted',
      { request: { acrValues: [pwd, mfa] }, proven: proven('pwd'), has: ['pwd', 'otp'] },
      'met',
    ],
    [
      'strong or else mfa wanted, with a passkey',
      { request: { acrValues: [strong, mfa] }, proven: proven('pwd', 'otp'), has: ['pwd', 'otp', 'passkey'] },
      strong,
    ],
    [
      'strong or else mfa wanted, without one: nobody has to make one for a wish that mfa fulfils',
      {
        request: { acrValues: [strong, mfa] },
        proven: proven('pwd', 'otp'),
        has: ['pwd', 'otp'],
        canEnrol: can,
      },
      'met',
    ],
    [
      'strong or else mfa wanted, the password alone shown: what is at hand comes first',
      { request: { acrValues: [strong, mfa] }, proven: proven('pwd'), has: ['pwd', 'otp'], canEnrol: can },
      mfa,
    ],
    [
      'strong alone wanted, without a passkey',
      { request: { acrValues: [strong] }, proven: proven('pwd', 'otp'), has: ['pwd', 'otp'], canEnrol: can },
      strong,
    ],
    [
      'strong wanted, the passkey five minutes old',
      { request: { acrValues: [strong] }, proven: proven(['passkey', 300]), has: ['passkey'] },
      'met',
    ],
    [
      'strong wanted, the passkey older',
      { request: { acrValues: [strong] }, proven: proven(['passkey', 301]), has: ['passkey'] },
      strong,
    ],
    [
      'mfa wanted, an old passkey is still mfa',
      { request: { acrValues: [mfa] }, proven: proven(['passkey', 301]), has: ['passkey'] },
      'met',
    ],
    ['what nobody knows wanted', { request: { acrValues: ['gold'] }, proven: proven('pwd') }, 'met'],
    [
      'what nobody knows, or else mfa',
      { request: { acrValues: ['gold', mfa] }, proven: proven('pwd'), has: ['pwd', 'otp'] },
      mfa,
    ],
    [
      'pwd wanted, policy wants more',
      { request: { acrValues: [pwd] }, proven: proven('pwd'), policy: 'required' },
      'second factor',
    ],
  ])('%s (AZ-20)', (_what, asked, expected) => {
    expect(decided(asked)).toBe(expected)
  })
})

describe('an essential acr binds, by name (OIDC Core section 5.5.1.1)', () => {
  test.each<[string, Asked, string]>([
    [
      'mfa, the password shown',
      { request: { essential: [mfa] }, proven: proven('pwd'), has: ['pwd', 'otp'] },
      mfa,
    ],
    [
      'mfa, reached by a recovery code',
      { request: { essential: [mfa] }, proven: proven('pwd', 'recovery_code') },
      'met',
    ],
    ['mfa, out of reach', { request: { essential: [mfa] }, proven: proven('pwd') }, 'unmet'],
    ['mfa, to be set up', { request: { essential: [mfa] }, proven: proven('pwd'), canEnrol: can }, mfa],
    [
      'mfa or pwd, the password shown: either will do',
      { request: { essential: [mfa, pwd] }, proven: proven('pwd') },
      'met',
    ],
    [
      'pwd alone, a passkey shown: the password is still to be shown',
      { request: { essential: [pwd] }, proven: proven('passkey'), has: ['pwd', 'passkey'] },
      pwd,
    ],
    [
      'pwd alone, by somebody without a password',
      { request: { essential: [pwd] }, proven: proven('passkey'), has: ['passkey'] },
      'unmet',
    ],
    [
      'pwd alone, where policy wants more',
      { request: { essential: [pwd] }, proven: proven('pwd'), policy: 'required' },
      'second factor',
    ],
    ['what nobody knows', { request: { essential: ['gold'] }, proven: proven('pwd', 'otp') }, 'unmet'],
    ['nothing', { request: { essential: [] }, proven: proven('pwd', 'otp') }, 'unmet'],
    [
      'what nobody knows, mfa by preference',
      { request: { essential: ['gold'], acrValues: [mfa] }, proven: proven('pwd', 'otp') },
      'unmet',
    ],
    [
      'strong, too old',
      { request: { essential: [strong] }, proven: proven(['passkey', 900]), has: ['passkey'] },
      strong,
    ],
  ])('%s (AZ-20)', (_what, asked, expected) => {
    expect(decided(asked)).toBe(expected)
  })
})

// Every set of factors, fresh and old, against every request: what holds for all of them.
const factors: Factor[] = ['pwd', 'otp', 'passkey', 'recovery_code', 'trusted_browser']
const sets = Array.from({ length: 2 ** factors.length }, (_, bits) =>
  factors.filter((_factor, index) => (bits >> index) & 1),
)
const everySet = sets.flatMap((set) => [
  { shown: proven(...set), name: set.join('+') || 'nothing' },
  {
    shown: proven(...set.map((factor): [Factor, number] => [factor, 3600])),
    name: `${set.join('+') || 'nothing'}, old`,
  },
])
const requests: AcrRequest[] = [[], [pwd], [mfa], [strong], [strong, mfa], [mfa, pwd], ['gold']].flatMap(
  (values) => [
    { acrValues: values, essential: undefined },
    { acrValues: [], essential: values },
  ],
)

describe('whatever was shown and whatever is asked (AZ-20, ASVS 6.8.4)', () => {
  test.each(everySet)('$name: what is stated was reached, and what is met is stated', ({ shown }) => {
    const secondFactor = ['otp', 'passkey', 'recovery_code'].some((factor) => factor in shown)
    const usable = Object.keys(shown).filter((factor): factor is AcrFactor => factor !== 'trusted_browser')
    for (const request of requests)
      for (const policy of ['optional', 'required'] as const) {
        const acr = reachedAcr({ table, request }, { proven: shown, now: NOW })
        if (acr === mfa || acr === strong) expect(secondFactor).toBe(true)
        if (acr === strong) expect(shown.passkey).toBe(NOW)
        const kind = decided({ request, policy, proven: shown, has: usable, canEnrol: [] })
        if (kind === 'met' && request.essential) expect(request.essential).toContain(acr)
        if (kind === 'met' && policy === 'required')
          expect(secondFactor || 'trusted_browser' in shown).toBe(true)
      }
  })
})

describe('what a session keeps', () => {
  test.each<[string, FactorTimes, string | undefined, number]>([
    ['a password', proven(['pwd', 50]), pwd, 50],
    ['a code added later: no younger than the password', proven(['pwd', 5000], ['otp', 10]), mfa, 5000],
    ['a passkey added later: a sign-in by itself', proven(['pwd', 5000], ['passkey', 10]), strong, 10],
    [
      'an old passkey and a code: the younger of two ways',
      proven(['pwd', 400], ['otp', 350], ['passkey', 9000]),
      mfa,
      400,
    ],
    ['a trusted browser', proven(['pwd', 20]), pwd, 20],
    ['nothing', {}, undefined, 0],
  ])('of %s (AZ-18)', (_what, shown, acr, age) => {
    expect(authenticationAt(table, { proven: shown, now: NOW })).toEqual({ acr, authTime: NOW - age })
  })
})

describe('the acr that tokens state', () => {
  test.each<[string, Partial<AcrRequest>, FactorTimes, string | undefined]>([
    ['the strongest, if nobody asked', {}, proven('passkey'), strong],
    ['the one asked for, if it was reached too', { acrValues: [mfa] }, proven('passkey'), mfa],
    ['the first reached of several', { acrValues: [strong, mfa] }, proven('pwd', 'otp'), mfa],
    ['the strongest, if none of those was reached', { acrValues: [strong] }, proven('pwd'), pwd],
    ['never one that only something stronger would fulfil', { acrValues: [pwd] }, proven('passkey'), strong],
    ['none, for nothing', {}, {}, undefined],
  ])('is %s', (_what, request, shown, expected) => {
    expect(reachedAcr({ table, request: { ...none, ...request } }, { proven: shown, now: NOW })).toBe(
      expected,
    )
  })
})

describe('the request in the parameters', () => {
  const essential = (acr: unknown) =>
    acrRequestOf({ claims: JSON.stringify({ id_token: { acr } }) }).essential

  test.each([
    [{ essential: true, values: [mfa, 'gold'] }, [mfa, 'gold']],
    [{ essential: true, value: mfa }, [mfa]],
    [{ essential: true, values: [] }, []],
    [{ essential: true, values: [1] }, ['1']],
    [{ essential: true }, undefined],
    [{ essential: false, values: [mfa] }, undefined],
    [{ values: [mfa] }, undefined],
    [null, undefined],
  ])('an acr claim of %j binds to %j (Core §5.5.1)', (acr, expected) =>
    expect(essential(acr)).toEqual(expected),
  )

  test('acr_values are a list in order, beside the claims (Core §3.1.2.1)', () => {
    const claims = JSON.stringify({ userinfo: { acr: { essential: true, value: mfa } } })
    expect(acrRequestOf({ acr_values: `gold ${mfa}`, claims })).toEqual({
      acrValues: ['gold', mfa],
      essential: undefined,
    })
    expect(acrRequestOf({})).toEqual(none)
    expect(acrRequestOf({ acr_values: ['a'], claims: ['b'] })).toEqual(none)
  })
})
