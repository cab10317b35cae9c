import { describe, expect, test } from '@jest/globals'
import { ACR, acrRequestOf, requiredAcr, satisfies } from '../../../src/oidc/acr.ts'

const { password: pwd, multiFactor: mfa } = ACR
const none = { acrValues: [], essential: undefined }

describe('what a request demands', () => {
  test.each([
    ['nothing', none, 'any', 'multi_factor'],
    ['to prefer mfa', { ...none, acrValues: [mfa] }, 'multi_factor', 'multi_factor'],
    ['to prefer mfa, or else pwd', { ...none, acrValues: [mfa, pwd] }, 'multi_factor', 'multi_factor'],
    ['to prefer pwd, or else mfa', { ...none, acrValues: [pwd, mfa] }, 'any', 'multi_factor'],
    [
      'to prefer what we do not know, or else mfa',
      { ...none, acrValues: ['gold', mfa] },
      'multi_factor',
      'multi_factor',
    ],
    ['to prefer what we do not know', { ...none, acrValues: ['gold'] }, 'any', 'multi_factor'],
    ['mfa, essentially', { ...none, essential: [mfa] }, 'multi_factor', 'multi_factor'],
    ['mfa or pwd, essentially', { ...none, essential: [pwd, mfa] }, 'multi_factor', 'multi_factor'],
    ['pwd and nothing else, essentially', { ...none, essential: [pwd] }, 'any', 'unmet'],
    ['what we do not know, essentially', { ...none, essential: ['gold'] }, 'unmet', 'unmet'],
    ['nothing, essentially', { ...none, essential: [] }, 'unmet', 'unmet'],
    [
      'what we do not know, essentially, but mfa by preference',
      { acrValues: [mfa], essential: ['gold'] },
      'unmet',
      'unmet',
    ],
  ] as const)(
    '(%s) is %s more where the second factor is optional, and where it is required (AZ-20, Core §5.5.1.1)',
    (_, request, optional, required) => {
      expect(requiredAcr('optional', request)).toBe(optional)
      expect(requiredAcr('required', request)).toBe(required)
    },
  )
})

describe('a session', () => {
  test.each([
    [mfa, 'multi_factor', true],
    [pwd, 'multi_factor', false],
    [undefined, 'multi_factor', false],
    ['urn:cardea:acr:MFA', 'multi_factor', false],
    [pwd, 'any', true],
    [undefined, 'any', true],
    [mfa, 'unmet', false],
    [pwd, 'unmet', false],
  ] as const)('at %s meets %s: %s (AZ-20)', (acr, required, expected) => {
    expect(satisfies(acr, required)).toBe(expected)
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
