import type { CDPSession, Page } from 'playwright-core'

/** An authenticator that the browser makes believe it has (WebAuthn section 11.2), with fingerprint and all. */
export type VirtualAuthenticator = {
  /** Does its user let it verify them, or do they turn away? */
  willVerify(verifies: boolean): Promise<void>
  passkeys(): Promise<number>
  /** The passkeys of one device, to be put on another. */
  copyTo(other: VirtualAuthenticator): Promise<void>
  add(credential: object): Promise<void>
}

/** Gives this page's browser an authenticator: by default one built in, as phones and laptops have. */
export async function addAuthenticator(
  page: Page,
  { transport = 'internal' }: { transport?: 'internal' | 'usb' } = {},
): Promise<VirtualAuthenticator> {
  const session: CDPSession = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport, hasResidentKey: true, hasUserVerification: true },
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    },
  })
  const credentials = async () =>
    (await session.send('WebAuthn.getCredentials', { authenticatorId })).credentials
  return {
    willVerify: async (isUserVerified) => {
      await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })
    },
    passkeys: async () => (await credentials()).length,
    async copyTo(other) {
      for (const credential of await credentials()) await other.add(credential)
    },
    add: async (credential) => {
      await session.send('WebAuthn.addCredential', {
        authenticatorId,
        credential: credential as Parameters<typeof session.send<'WebAuthn.addCredential'>>[1] extends
          { credential: infer C } | undefined
          ? C
          : never,
      })
    },
  }
}
