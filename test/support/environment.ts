/** Settings for tests: quiet, without demo data or limits. */
export const testEnvironment = (dataDir: string, overrides: Record<string, string> = {}): Record<string, string> => ({
	PORT: '0',
	DATA_DIR: dataDir,
	DEMO: '0',
	LOG_LEVEL: process.env.TEST_LOG ?? 'silent',
	RATE_LIMIT: 'off',
	// Two leads, so that tests that list a visit's messages stay readable.
	REMINDER_MINUTES: '1440,5',
	JWT_SECRET: 'a secret that is only used in tests, of sufficient length',
	...overrides,
})
