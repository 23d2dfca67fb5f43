import { useTranslation } from 'react-i18next'
import { Link, Navigate, useParams } from 'react-router'
import { Screen } from '../../shell/layout.tsx'
import { isPage, type PageId, pages } from './pages.tsx'
import classes from './settings.module.css'

/** Everything that a practice sets up, a page each. */
const SettingsScreen = () => {
	const { t } = useTranslation()
	const { page } = useParams()
	if (!isPage(page)) return <Navigate to="/admin/settings/clinic" replace />
	const Page = pages[page]
	return (
		<Screen title={t(`setup.page.${page}`)} wide>
			<div className={classes.frame}>
				<nav aria-label={t('nav.settings')}>
					<ul className={classes.menu}>
						{(Object.keys(pages) as PageId[]).map(id => (
							<li key={id}>
								<Link to={`/admin/settings/${id}`} className={classes.entry} aria-current={id === page ? 'page' : undefined}>
									{t(`setup.page.${id}`)}
								</Link>
							</li>
						))}
						<li>
							<Link to="/admin/connections" className={classes.entry}>
								{t('nav.doors')}
							</Link>
						</li>
						<li>
							<Link to="/admin/setup" className={classes.entry}>
								{t('setup.run.title')}
							</Link>
						</li>
					</ul>
				</nav>
				<Page key={page} />
			</div>
		</Screen>
	)
}

export default SettingsScreen
