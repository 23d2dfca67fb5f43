import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

export type ProvidedPerson = { sub: string; email?: string; email_verified?: boolean; name?: string; groups?: string[] }

export type TestProvider = {
	issuer: string
	/** The person who signs in next, without a form. */
	person: ProvidedPerson
	/** Goes through the provider as a browser does. Returns the address to which it leads back. */
	signIn(authorizationUrl: string): Promise<string>
	stop(): Promise<void>
}

/** A real OpenID Connect provider with one client, whose people need not fill in forms. */
export async function startProvider(redirectUri: () => string): Promise<TestProvider> {
	let handle: (req: unknown, res: unknown) => void = () => {}
	const http = createServer((req, res) => handle(req, res))
	await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
	const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
	const state: { person: ProvidedPerson } = { person: { sub: 'unset' } }
	const known = new Map<string, ProvidedPerson>()

	const provider = new Provider(issuer, {
		clients: [{ client_id: 'clinic', client_secret: 'a secret of the clinic', redirect_uris: [redirectUri()], response_types: ['code'] }],
		pkce: { required: () => true },
		claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
		conformIdTokenClaims: false,
		features: { devInteractions: { enabled: false } },
		cookies: { keys: ['a key of the test'] },
		findAccount: (_context, sub) => ({ accountId: sub, claims: async () => known.get(sub) as ProvidedPerson & Record<string, unknown> }),
		loadExistingGrant: async context => {
			const grant = new context.oidc.provider.Grant({
				clientId: context.oidc.client?.clientId as string,
				accountId: context.oidc.session?.accountId as string,
			})
			grant.addOIDCScope('openid email profile')
			await grant.save()
			return grant
		},
		interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
	})
	const serve = provider.callback()
	handle = async (req, res) => {
		const request = req as Parameters<typeof serve>[0]
		const response = res as Parameters<typeof serve>[1]
		if (!request.url?.startsWith('/interaction/')) return void serve(request, response)
		known.set(state.person.sub, state.person)
		await provider.interactionFinished(request, response, { login: { accountId: state.person.sub } })
	}

	return {
		issuer,
		get person() {
			return state.person
		},
		set person(person) {
			state.person = person
		},
		async signIn(authorizationUrl) {
			const jar = new Map<string, string>()
			let url = authorizationUrl
			while (url.startsWith(issuer)) {
				const response = await fetch(url, {
					redirect: 'manual',
					headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
				})
				for (const cookie of response.headers.getSetCookie()) {
					const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
					jar.set(name, value)
				}
				const location = response.headers.get('location')
				if (!location) throw new Error(`the provider answered ${response.status}: ${await response.text()}`)
				url = new URL(location, issuer).href
			}
			return url
		},
		async stop() {
			http.closeAllConnections()
			await new Promise(resolve => http.close(resolve))
		},
	}
}
