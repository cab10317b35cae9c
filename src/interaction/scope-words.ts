/** The scopes of OpenID in words a person understands. */
const scopeWords: Record<string, { title: string; description: string }> = {
  openid: {
    title: 'Know that it is you',
    description: 'A number that stands for your account, the same at each visit',
  },
  profile: { title: 'Your name', description: 'The name on your account' },
  email: {
    title: 'Your email address',
    description: 'The address you sign in with, and whether it is confirmed',
  },
  offline_access: {
    title: 'Stay connected',
    description: 'Keep this access while you are away, until you or the app end it',
  },
}

const claimWords: Record<string, string> = {
  name: 'Your name',
  updated_at: 'When your account was last changed',
  email: 'Your email address',
  email_verified: 'Whether your email address is confirmed',
}

export function wordsForScope(name: string): { title: string; description: string } {
  return scopeWords[name] ?? { title: name, description: '' }
}

export function wordsForClaim(name: string): string {
  return claimWords[name] ?? name
}
