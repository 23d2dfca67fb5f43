import { expect } from 'chai'
import { lintAll, readDeployFile } from '../../scripts/deploy/all.ts'
import { lintFly, lintRailway, lintRender } from '../../scripts/deploy/hosts.ts'
import { lintCompose, lintComposeSettings, lintDockerfile, lintWorkflow } from '../../scripts/deploy/linters.ts'
import { isLong } from '../support/forms.ts'

/** Makes one mistake in a file. Throws when the file does not contain the replaced text. */
const spoilt = (file: string, right: string, wrong: string): string => {
	const text = readDeployFile(file)
	expect(text).to.include(right)
	return text.replace(right, wrong)
}

describe('the files for containers, hosts and workflows', () => {
	it('have no findings', async function () {
		this.slow(10_000)
		expect(await lintAll()).to.deep.equal([])
	})

	it('fail with a key that Compose does not know', () => {
		expect(lintCompose(spoilt('docker-compose.yml', 'healthcheck:', 'healthchek:')).join()).to.match(
			/services.balancer.*additional properties/,
		)
	})

	// Each run compiles the schema again, which takes a second.
	if (isLong)
		it('fail with a port that is open to the world', () => {
			expect(lintCompose(spoilt('docker-compose.yml', `'\${BIND:-127.0.0.1}:`, "'")).join()).to.match(/interface/)
		})

	it('fail with an unknown setting, and with a setting that the server would not start with', () => {
		expect(lintComposeSettings(spoilt('docker-compose.yml', 'SMTP_URL:', 'SMPT_URL:')).join()).to.match(/there is no setting SMPT_URL/)
		expect(lintComposeSettings(spoilt('docker-compose.yml', 'ROLE: migrate', 'ROLE: migration')).join()).to.match(/migrate: ROLE must be/)
		expect(lintFly(spoilt('fly.toml', 'DATABASE_POOL = "4"', 'DATABASE_POOL = "four"')).join()).to.match(/DATABASE_POOL must be/)
		expect(lintRender(spoilt('render.yaml', 'key: TRUST_PROXY', 'key: TRUST_PROXIES')).join()).to.match(/no setting TRUST_PROXIES/)
	})

	it('fail with a command that the image does not have', () => {
		const command = '/nodejs/bin/node dist/server/main.js migrate'
		for (const [file, lint] of [
			['fly.toml', lintFly],
			['railway.json', lintRailway],
		] as const) {
			expect(lint(spoilt(file, command, 'env ROLE=migrate node dist/server/main.js')).join(), file).to.match(/must be the command/)
		}
	})

	it('fail with a key that the host does not know', () => {
		expect(lintRender(spoilt('render.yaml', 'healthCheckPath', 'healthcheckPath')).join()).to.match(/healthcheckPath/)
		expect(lintFly(spoilt('fly.toml', 'internal_port', 'port')).join()).to.match(/internal_port/)
		expect(lintRailway(spoilt('railway.json', 'drainingSeconds', 'drainSeconds')).join()).to.match(/drainSeconds/)
	})

	it('fail with an image that runs as root, an unknown instruction, and a base without a version', () => {
		expect(lintDockerfile(spoilt('Dockerfile', 'USER nonroot', 'USER root')).join()).to.match(/other than root/)
		expect(lintDockerfile(spoilt('Dockerfile', 'EXPOSE 3000', 'EXPOZE 3000')).join()).to.match(/EXPOZE/)
		expect(lintDockerfile(spoilt('Dockerfile', 'node:24-slim AS build', 'node AS build')).join()).to.match(/name the version/)
	})

	it('fail with a workflow that reads an undefined value', async () => {
		const file = '.github/workflows/cd.yml'
		expect((await lintWorkflow(spoilt(file, 'needs.image.outputs', 'needs.picture.outputs'), file)).join()).to.match(/picture/)
	})
})
