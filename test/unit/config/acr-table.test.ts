import { describe, expect, test } from '@jest/globals'
import { configOf, problemsOf, production } from './environment.ts'

const mfa = 'urn:cardea:acr:mfa'
const shipped = `urn:cardea:acr:pwd=pwd; ${mfa}=pwd+otp|passkey|pwd+recovery_code`

describe('the table of acr values', () => {
  test('as shipped: the password, and two factors or a passkey (AZ-20)', () => {
    expect(configOf({}).acr).toEqual([
      { acr: 'urn:cardea:acr:pwd', ways: [['pwd']], freshSeconds: null },
      { acr: mfa, ways: [['pwd', 'otp'], ['passkey'], ['pwd', 'recovery_code']], freshSeconds: null },
    ])
  })

  test('takes further values, with an age, and a name with an equals sign', () => {
    const table = configOf({ CARDEA_ACR: `${shipped} ;\n https://example.com/acr?x=1 = passkey , 300;` }).acr
    expect(table[2]).toEqual({ acr: 'https://example.com/acr?x=1', ways: [['passkey']], freshSeconds: 300 })
  })

  test.each([
    ['nothing', ' ; ', /has no "urn:cardea:acr:mfa"/],
    ['no factors', `${shipped}; gold`, /"gold", which is not of the form name=factors/],
    ['no name', `${shipped}; =pwd`, /"=pwd", which is not of the form/],
    ['a factor that is none', `${shipped}; gold=passky`, /"passky" is no factor. Did you mean passkey\?/],
    [
      'a factor that nobody could mean',
      `${shipped}; gold=fingerprint`,
      /The factors are pwd, otp, passkey, recovery_code/,
    ],
    ['a way that does not say who it is', `${shipped}; gold=otp`, /"otp" says nothing about who it is/],
    ['a factor twice', `${shipped}; gold=pwd+pwd`, /pwd stands twice/],
    ['a name twice', `${shipped}; ${mfa}=passkey`, /names "urn:cardea:acr:mfa" twice/],
    ['a name with a space', `${shipped}; go ld=passkey,300`, /whose name is no acr value/],
    ['an age that is none', `${shipped}; gold=passkey,soon`, /whose age "soon"/],
    ['an age nobody could keep', `${shipped}; gold=passkey,5`, /whose age "5"/],
    ['two ages', `${shipped}; gold=passkey,300,600`, /more than one comma/],
    [
      'the weaker after the stronger',
      `${mfa}=pwd+otp; gold=pwd`,
      /"gold" after "urn:cardea:acr:mfa".*weakest comes first/,
    ],
    [
      'the older after the younger',
      `${shipped}; gold=passkey,300; silver=passkey,600`,
      /"silver" after "gold"/,
    ],
    ['mfa left out', 'urn:cardea:acr:pwd=pwd', /has no "urn:cardea:acr:mfa"/],
    ['mfa by one factor', `${mfa}=pwd|passkey`, /be reached with one factor/],
  ])('refuses %s, and says why', (_what, text, why) => {
    const problems = problemsOf({ ...production, CARDEA_ACR: text })
    expect(problems).toEqual([
      expect.objectContaining({ variable: 'CARDEA_ACR', problem: expect.stringMatching(why) }),
    ])
  })

  test('names every mistake at once', () => {
    const problems = problemsOf({ ...production, CARDEA_ACR: 'gold; silver=tin' })
    expect(problems.filter(({ variable }) => variable === 'CARDEA_ACR')).toHaveLength(2)
  })
})
