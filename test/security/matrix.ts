import { type Caller, callers } from './callers.ts'

/**
 * The rights of each caller. A row is a call or an event, as the server mounts it; a column is a caller; a cell is the status of the
 * answer, or the code in the acknowledgement. The thing that a row requests belongs to `patient` and to the calendar of `doctor`. Two
 * rows of one call differ in the requested thing, which follows `#`.
 *
 * A new call needs a row here, and an entry in requests.ts unless it needs no parameters.
 */
const http = `
                                                   anonymous patient other doctor other desk admin pending disabled expired forged
                                                                   patient      doctor

GET    /livez                                            200 200     200   200   200   200   200   200   200   200   200
GET    /manifest.webmanifest                             200 200     200   200   200   200   200   200   200   200   200
GET    /embed                                            200 200     200   200   200   200   200   200   200   200   200
GET    /embed.js                                         200 200     200   200   200   200   200   200   200   200   200
GET    /readyz                                           200 200     200   200   200   200   200   200   200   200   200
GET    /metrics                                          401 401     401   401   401   401   401   401   401   401   401
GET    /metrics#with-its-token                           200 200     200   200   200   200   200   200   200   200   200
GET    /docs                                             200 200     200   200   200   200   200   200   200   200   200
GET    /docs/start.js                                    200 200     200   200   200   200   200   200   200   200   200
ALL    /docs/assets/…                                    200 200     200   200   200   200   200   200   200   200   200
GET    /{*path}                                          200 200     200   200   200   200   200   200   200   200   200
ALL    /assets/…                                         404 404     404   404   404   404   404   404   404   404   404
ALL    /api/v1/…                                         404 404     404   404   404   404   404   404   404   404   404
GET    /api/v1/openapi.json                              200 200     200   200   200   200   200   200   200   200   200

The link in a message is what lets in, nothing else.
GET    /n/:token                                         200 200     200   200   200   200   200   200   200   200   200
GET    /n/:token#forged                                  404 404     404   404   404   404   404   404   404   404   404
POST   /n/:token                                         200 200     200   200   200   200   200   200   200   200   200
POST   /n/:token#forged                                  404 404     404   404   404   404   404   404   404   404   404
GET    /o/:token                                         200 200     200   200   200   200   200   200   200   200   200
GET    /o/:token#forged                                  404 404     404   404   404   404   404   404   404   404   404
POST   /o/:token                                         200 200     200   200   200   200   200   200   200   200   200
POST   /o/:token#forged                                  404 404     404   404   404   404   404   404   404   404   404

The secret in a calendar's address is what lets in, nothing else.
GET    /calendars/:token.ics                             200 200     200   200   200   200   200   200   200   200   200
GET    /calendars/:token.ics#forged                      404 404     404   404   404   404   404   404   404   404   404

The door for other programs: people’s tokens are of another, and files for directories ask for none.
GET    /fhir/R4/metadata                                 200 401     401   401   401   401   401   401   401   401   401
GET    /fhir/R4/Appointment/$find                        401 401     401   401   401   401   401   401   401   401   401
POST   /fhir/R4/Appointment/$find                        401 401     401   401   401   401   401   401   401   401   401
POST   /fhir/R4/Appointment/$hold                        401 401     401   401   401   401   401   401   401   401   401
POST   /fhir/R4/Appointment/$book                        401 401     401   401   401   401   401   401   401   401   401
GET    /fhir/R4/:type                                    200 401     401   401   401   401   401   401   401   401   401
GET    /fhir/R4/:type#personal                           401 401     401   401   401   401   401   401   401   401   401
POST   /fhir/R4/:type                                    401 401     401   401   401   401   401   401   401   401   401
POST   /fhir/R4/:type/_search                            200 401     401   401   401   401   401   401   401   401   401
POST   /fhir/R4/:type/_search#personal                   401 401     401   401   401   401   401   401   401   401   401
GET    /fhir/R4/:type/:id                                200 401     401   401   401   401   401   401   401   401   401
GET    /fhir/R4/:type/:id#personal                       401 401     401   401   401   401   401   401   401   401   401
PUT    /fhir/R4/:type/:id                                401 401     401   401   401   401   401   401   401   401   401
ALL    /fhir/R4/…                                        404 401     401   401   401   401   401   401   401   401   401
GET    /fhir/R4/.well-known/smart-configuration          200 200     200   200   200   200   200   200   200   200   200
GET    /fhir/R4/$bulk-publish                            200 200     200   200   200   200   200   200   200   200   200
GET    /fhir/R4/bulk/:file                               200 200     200   200   200   200   200   200   200   200   200
POST   /oauth/token                                      400 400     400   400   400   400   400   400   400   400   400

Outside production only: letters that went nowhere.
GET    /dev/outbox                                       200 200     200   200   200   200   200   200   200   200   200
GET    /dev/outbox.json                                  200 200     200   200   200   200   200   200   200   200   200
GET    /dev/outbox/:id                                   404 404     404   404   404   404   404   404   404   404   404

Access tokens say nothing here.
POST   /api/v1/auth/register                             201 201     201   201   201   201   201   201   201   201   201
POST   /api/v1/auth/login                                200 200     200   200   200   200   200   200   200   200   200
POST   /api/v1/auth/login#wrong-password                 401 401     401   401   401   401   401   401   401   401   401
POST   /api/v1/auth/second-factor                        401 401     401   401   401   401   401   401   401   401   401
POST   /api/v1/auth/refresh                              401 401     401   401   401   401   401   401   401   401   401
POST   /api/v1/auth/refresh#from-another-site            403 403     403   403   403   403   403   403   403   403   403
POST   /api/v1/auth/logout                               204 204     204   204   204   204   204   204   204   204   204
POST   /api/v1/auth/logout#from-another-site             403 403     403   403   403   403   403   403   403   403   403
POST   /api/v1/auth/forgot-password                      202 202     202   202   202   202   202   202   202   202   202
POST   /api/v1/auth/reset-password                       401 401     401   401   401   401   401   401   401   401   401
POST   /api/v1/auth/code                                 202 202     202   202   202   202   202   202   202   202   202
POST   /api/v1/auth/code/verify#wrong                    401 401     401   401   401   401   401   401   401   401   401
GET    /api/v1/auth/methods                              200 200     200   200   200   200   200   200   200   200   200
GET    /api/v1/auth/oidc/start                           404 404     404   404   404   404   404   404   404   404   404
GET    /api/v1/auth/oidc/callback                        404 404     404   404   404   404   404   404   404   404   404
POST   /api/v1/auth/first-admin                          401 401     401   401   401   401   401   401   401   401   401

GET    /api/v1/me                                        401 200     200   200   200   200   200   200   403   401   401
PATCH  /api/v1/me                                        401 200     200   200   200   200   200   200   403   401   401
DELETE /api/v1/me#wrong-password                         401 401     401   403   403   403   403   403   403   401   401
GET    /api/v1/me/export                                 401 200     200   403   403   403   403   403   403   401   401
GET    /api/v1/me/second-factor                          401 200     200   200   200   200   200   200   403   401   401
POST   /api/v1/me/second-factor                          401 201     201   201   201   201   201   201   403   401   401
POST   /api/v1/me/second-factor/confirm#wrong            401 401     401   401   401   401   401   401   403   401   401
POST   /api/v1/me/second-factor/recovery-codes#wrong     401 401     401   401   401   401   401   401   403   401   401
POST   /api/v1/me/second-factor/disable#wrong            401 401     401   401   401   401   401   401   403   401   401
GET    /api/v1/me/sessions                               401 200     200   200   200   200   200   200   403   401   401
DELETE /api/v1/me/sessions                               401 200     200   200   200   200   200   200   403   401   401
DELETE /api/v1/me/sessions/:id                           401 204     404   404   404   404   404   404   403   401   401
POST   /api/v1/me/push-subscriptions                     401 204     204   204   204   204   204   403   403   401   401
DELETE /api/v1/me/push-subscriptions                     401 204     204   204   204   204   204   403   403   401   401
GET    /api/v1/me/calendar-link                          401 200     200   200   200   403   403   403   403   401   401
POST   /api/v1/me/calendar-link                          401 201     201   201   201   403   403   403   403   401   401
DELETE /api/v1/me/calendar-link                          401 204     204   204   204   403   403   403   403   401   401
GET    /api/v1/me/notifications                          401 200     200   403   403   403   403   403   403   401   401
PATCH  /api/v1/me/notifications                          401 200     200   403   403   403   403   403   403   401   401

GET    /api/v1/clinic                                    200 200     200   200   200   200   200   200   403   401   401
PATCH  /api/v1/clinic                                    401 403     403   403   403   403   200   403   403   401   401
GET    /api/v1/clinic/logo                               200 200     200   200   200   200   200   200   403   401   401
PUT    /api/v1/clinic/logo                               401 403     403   403   403   403   204   403   403   401   401
DELETE /api/v1/clinic/logo                               401 403     403   403   403   403   204   403   403   401   401
GET    /api/v1/sites                                     200 200     200   200   200   200   200   200   403   401   401
POST   /api/v1/sites                                     401 403     403   403   403   403   201   403   403   401   401
PATCH  /api/v1/sites/:id                                 401 403     403   403   403   403   200   403   403   401   401
POST   /api/v1/appointment-types                         401 403     403   403   403   403   201   403   403   401   401
PATCH  /api/v1/appointment-types/:id                     401 403     403   403   403   403   200   403   403   401   401
PATCH  /api/v1/doctors/:id                               401 403     403   200   403   403   200   403   403   401   401
PATCH  /api/v1/doctors/:id#specialty                     401 403     403   403   403   403   200   403   403   401   401
GET    /api/v1/doctors/:id/photo                         200 200     200   200   200   200   200   200   403   401   401
PUT    /api/v1/doctors/:id/photo                         401 403     403   204   403   403   204   403   403   401   401
DELETE /api/v1/doctors/:id/photo                         401 403     403   204   403   403   204   403   403   401   401
GET    /api/v1/setup                                     401 403     403   403   403   403   200   403   403   401   401
GET    /api/v1/admin/api-clients                         401 403     403   403   403   403   200   403   403   401   401
POST   /api/v1/admin/api-clients                         401 403     403   403   403   403   201   403   403   401   401
POST   /api/v1/admin/api-clients/:id/rotate              401 403     403   403   403   403   200   403   403   401   401
DELETE /api/v1/admin/api-clients/:id                     401 403     403   403   403   403   204   403   403   401   401
GET    /api/v1/admin/webhooks                            401 403     403   403   403   403   200   403   403   401   401
GET    /api/v1/admin/embed                               401 403     403   403   403   403   200   403   403   401   401
PUT    /api/v1/admin/embed                               401 403     403   403   403   403   200   403   403   401   401
POST   /api/v1/admin/webhooks                            401 403     403   403   403   403   201   403   403   401   401
PATCH  /api/v1/admin/webhooks/:id                        401 403     403   403   403   403   200   403   403   401   401
POST   /api/v1/admin/webhooks/:id/rotate                 401 403     403   403   403   403   200   403   403   401   401
DELETE /api/v1/admin/webhooks/:id                        401 403     403   403   403   403   204   403   403   401   401
GET    /api/v1/admin/webhooks/:id/deliveries             401 403     403   403   403   403   200   403   403   401   401
POST   /api/v1/admin/webhooks/:id/deliveries/:deliveryId/replay 401 403     403   403   403   403   202   403   403   401   401
POST   /api/v1/admin/invitations                         401 403     403   403   403   403   201   403   403   401   401

GET    /api/v1/doctors                                   200 200     200   200   200   200   200   200   403   401   401
GET    /api/v1/doctors/:id                               200 200     200   200   200   200   200   200   403   401   401
GET    /api/v1/doctor-choices                            200 200     200   200   200   200   200   200   403   401   401
GET    /api/v1/appointment-types                         200 200     200   200   200   200   200   200   403   401   401
GET    /api/v1/push/key                                  200 200     200   200   200   200   200   200   403   401   401
GET    /api/v1/next-free                                 200 200     200   200   200   200   200   200   403   401   401
GET    /api/v1/availability                              200 200     200   200   200   200   200   200   403   401   401
GET    /api/v1/doctors/:id/slots                         200 200     200   200   200   200   200   200   403   401   401
GET    /api/v1/doctors/:id/schedule                      200 200     200   200   200   200   200   200   403   401   401
PUT    /api/v1/doctors/:id/schedule                      401 403     403   200   403   403   200   403   403   401   401
POST   /api/v1/doctors/:id/schedule/preview              401 403     403   200   403   403   200   403   403   401   401
GET    /api/v1/doctors/:id/plans                         200 200     200   200   200   200   200   200   403   401   401
POST   /api/v1/doctors/:id/plans                         401 403     403   201   403   403   201   403   403   401   401
POST   /api/v1/doctors/:id/plans/preview                 401 403     403   200   403   403   200   403   403   401   401
PATCH  /api/v1/doctors/:id/plans/:planId                 401 403     403   200   403   403   200   403   403   401   401
POST   /api/v1/doctors/:id/plans/:planId/preview         401 403     403   200   403   403   200   403   403   401   401
DELETE /api/v1/doctors/:id/plans/:planId                 401 403     403   200   403   403   200   403   403   401   401
GET    /api/v1/doctors/:id/hours                         200 200     200   200   200   200   200   200   403   401   401
PUT    /api/v1/doctors/:id/hours/:date                   401 403     403   200   403   403   200   403   403   401   401
POST   /api/v1/doctors/:id/hours/:date/preview           401 403     403   200   403   403   200   403   403   401   401
DELETE /api/v1/doctors/:id/hours/:date                   401 403     403   200   403   403   200   403   403   401   401
GET    /api/v1/closures                                  200 200     200   200   200   200   200   200   403   401   401
POST   /api/v1/closures                                  401 403     403   403   403   403   201   403   403   401   401
POST   /api/v1/closures/preview                          401 403     403   403   403   403   200   403   403   401   401
GET    /api/v1/closures/holidays                         401 403     403   403   403   403   200   403   403   401   401
POST   /api/v1/closures/:id/preview                      401 403     403   403   403   403   200   403   403   401   401
DELETE /api/v1/closures/:id                              401 403     403   403   403   403   204   403   403   401   401
GET    /api/v1/doctors/:id/time-off                      401 403     403   200   403   200   200   403   403   401   401
POST   /api/v1/doctors/:id/time-off                      401 403     403   201   403   201   201   403   403   401   401
POST   /api/v1/doctors/:id/time-off/preview              401 403     403   200   403   200   200   403   403   401   401
DELETE /api/v1/doctors/:id/time-off/:timeOffId           401 403     403   204   403   204   204   403   403   401   401
POST   /api/v1/doctors/:id/slots/generate                401 403     403   200   403   403   200   403   403   401   401

POST   /api/v1/slots/:id/hold                            401 201     201   201   201   201   201   403   403   401   401
POST   /api/v1/holds                                     401 201     201   201   201   201   201   403   403   401   401
DELETE /api/v1/slots/:id/hold                            401 204     409   409   409   409   409   403   403   401   401
POST   /api/v1/guest-holds                               201 201     201   201   201   201   201   201   403   401   401
DELETE /api/v1/guest-holds                               204 204     204   204   204   204   204   204   403   401   401
DELETE /api/v1/guest-holds#forged                        409 409     409   409   409   409   409   409   403   401   401
POST   /api/v1/me/claim-hold                             401 200     200   200   200   200   200   403   403   401   401
POST   /api/v1/me/claim-hold#forged                      401 409     409   409   409   409   409   403   403   401   401

POST   /api/v1/appointments                              401 201     201   201   403   201   201   403   403   401   401
POST   /api/v1/appointments#extra                        401 403     403   403   403   201   201   403   403   401   401
POST   /api/v1/appointments#for-the-patient              401 201     403   201   403   201   201   403   403   401   401
GET    /api/v1/appointments                              401 200     200   200   200   200   200   403   403   401   401
GET    /api/v1/appointments#of-the-patient               401 200     403   200   200   200   200   403   403   401   401
GET    /api/v1/appointments#of-the-doctor                401 200     200   200   403   200   200   403   403   401   401
GET    /api/v1/appointments/:id                          401 200     404   200   404   200   200   403   403   401   401
GET    /api/v1/appointments/:id/calendar.ics             401 200     404   200   404   200   200   403   403   401   401
POST   /api/v1/appointments/:id/cancel                   401 200     404   200   404   200   200   403   403   401   401
POST   /api/v1/appointments/:id/reschedule               401 200     404   200   404   200   200   403   403   401   401
POST   /api/v1/appointments/:id/status                   401 403     403   200   404   200   200   403   403   401   401
GET    /api/v1/waitlist                                  401 200     200   403   403   200   200   403   403   401   401
POST   /api/v1/waitlist                                  401 201     403   403   403   201   201   403   403   401   401
PATCH  /api/v1/waitlist/:id                              401 200     404   403   403   200   200   403   403   401   401
DELETE /api/v1/waitlist/:id                              401 204     404   403   403   204   204   403   403   401   401
GET    /api/v1/offers                                    401 200     200   403   403   200   200   403   403   401   401
POST   /api/v1/offers                                    401 403     403   403   403   201   201   403   403   401   401
GET    /api/v1/offers/:id                                401 200     404   403   403   200   200   403   403   401   401
POST   /api/v1/offers/:id/accept                         401 200     404   404   404   200   200   403   403   401   401
POST   /api/v1/offers/:id/accept#by-link                 200 200     200   200   200   200   200   200   403   401   401
POST   /api/v1/offers/:id/decline                        401 200     404   404   404   200   200   403   403   401   401
POST   /api/v1/offers/:id/withdraw                       401 403     403   403   403   200   200   403   403   401   401
POST   /api/v1/doctors/:id/absences/preview              401 403     403   200   403   200   200   403   403   401   401
POST   /api/v1/doctors/:id/absences                      401 403     403   201   403   201   201   403   403   401   401
GET    /api/v1/rebookings                                401 403     403   200   200   200   200   403   403   401   401
GET    /api/v1/rebookings/:id                            401 403     403   200   404   200   200   403   403   401   401
POST   /api/v1/rebookings/:id/undo                       401 403     403   200   404   200   200   403   403   401   401
POST   /api/v1/walk-ins                                  401 403     403   403   403   201   201   403   403   401   401
POST   /api/v1/appointments/:id/check-in                 401 409     404   200   404   200   200   403   403   401   401
POST   /api/v1/appointments/:id/check-in#by-link         200 200     200   200   200   200   200   200   403   401   401
POST   /api/v1/appointments/:id/call                     401 403     403   200   404   200   200   403   403   401   401
POST   /api/v1/appointments/:id/step-out                 401 403     403   200   404   200   200   403   403   401   401
POST   /api/v1/appointments/:id/step-in                  401 403     403   200   404   200   200   403   403   401   401
GET    /api/v1/waiting-room                              401 200     200   200   200   200   200   403   403   401   401
POST   /api/v1/visit-links                               200 200     200   200   200   200   200   200   403   401   401
GET    /api/v1/screens                                   401 403     403   403   403   403   200   403   403   401   401
POST   /api/v1/screens                                   401 403     403   403   403   403   201   403   403   401   401
DELETE /api/v1/screens/:id                               401 403     403   403   403   403   204   403   403   401   401
POST   /api/v1/screens/pair                              200 200     200   200   200   200   200   200   403   401   401
POST   /api/v1/screens/pair#wrong                        404 404     404   404   404   404   404   404   403   401   401
POST   /api/v1/screens/check-in#wrong                    401 401     401   401   401   401   401   401   403   401   401
POST   /api/v1/appointments/:id/undo                     401 403     403   403   403   200   403   403   403   401   401
GET    /api/v1/appointments/:id/history                  401 403     403   200   404   200   200   403   403   401   401
GET    /api/v1/slots/:id/history                         401 403     403   200   403   200   200   403   403   401   401
GET    /api/v1/day-list                                  401 403     403   200   200   200   200   403   403   401   401
GET    /api/v1/day-list#of-the-doctor                    401 403     403   200   403   200   200   403   403   401   401
POST   /api/v1/list-messages/preview                     401 403     403   403   403   200   200   403   403   401   401
POST   /api/v1/list-messages                             401 403     403   403   403   201   201   403   403   401   401
GET    /api/v1/vanished-visits                           401 403     403   200   200   200   200   403   403   401   401
GET    /api/v1/vanished-visits#of-the-doctor             401 403     403   200   403   200   200   403   403   401   401
GET    /api/v1/appointments/:id/notifications            401 403     403   200   404   200   200   403   403   401   401
POST   /api/v1/notifications/:id/retry                   401 403     403   403   403   200   200   403   403   401   401

GET    /api/v1/patients                                  401 403     403   403   403   200   200   403   403   401   401
POST   /api/v1/patients                                  401 403     403   403   403   201   201   403   403   401   401
GET    /api/v1/patients/:id                              401 403     403   403   403   200   200   403   403   401   401
PATCH  /api/v1/patients/:id                              401 403     403   403   403   200   200   403   403   401   401
POST   /api/v1/patients/duplicates                       401 403     403   403   403   200   200   403   403   401   401
GET    /api/v1/patients/:id/changes                      401 403     403   403   403   200   200   403   403   401   401
POST   /api/v1/patients/:id/merge                        401 403     403   403   403   200   200   403   403   401   401
POST   /api/v1/patients/:id/merge/undo                   401 403     403   403   403   200   200   403   403   401   401
GET    /api/v1/doctors/:id/patients/:patientId           401 403     403   200   403   200   200   403   403   401   401
GET    /api/v1/doctors/:id/changes                       401 403     403   200   403   200   200   403   403   401   401
GET    /api/v1/patients/:id/export                       401 403     403   403   403   403   200   403   403   401   401
GET    /api/v1/patients/:id/export#without-an-account    401 403     403   403   403   200   200   403   403   401   401
DELETE /api/v1/patients/:id                              401 403     403   403   403   403   204   403   403   401   401
DELETE /api/v1/patients/:id#without-an-account           401 403     403   403   403   204   204   403   403   401   401
GET    /api/v1/recalls                                   401 403     403   403   403   200   200   403   403   401   401
POST   /api/v1/recalls                                   401 403     403   403   403   201   201   403   403   401   401
PATCH  /api/v1/recalls/:id                               401 403     403   403   403   200   200   403   403   401   401
GET    /api/v1/patients/:id/notifications                401 403     403   403   403   200   200   403   403   401   401
PATCH  /api/v1/patients/:id/notifications                401 403     403   403   403   200   200   403   403   401   401

GET    /api/v1/admin/users                               401 403     403   403   403   403   200   403   403   401   401
POST   /api/v1/admin/users                               401 403     403   403   403   403   201   403   403   401   401
PATCH  /api/v1/admin/users/:id                           401 403     403   403   403   403   200   403   403   401   401
DELETE /api/v1/admin/users/:id/second-factor             401 403     403   403   403   403   204   403   403   401   401
GET    /api/v1/admin/analytics                           401 403     403   403   403   403   200   403   403   401   401
GET    /api/v1/admin/appointments.csv                    401 403     403   403   403   403   200   403   403   401   401
GET    /api/v1/admin/audit                               401 403     403   403   403   403   200   403   403   401   401
GET    /api/v1/admin/jobs                                401 403     403   403   403   403   200   403   403   401   401
POST   /api/v1/admin/jobs/:name/run                      401 403     403   403   403   403   202   403   403   401   401
`

/** Sockets of disabled, expired and forged callers are not opened at all, which another test shows. */
const events = `
                          anonymous        patient      other-patient doctor      other-doctor desk      admin     pending

calendar:watch            ok               ok           ok            ok          ok           ok        ok        ok
calendar:unwatch          ok               ok           ok            ok          ok           ok        ok        ok
slot:hold                 unauthenticated  ok           ok            ok          ok           ok        ok        account_pending
slot:hold-any             unauthenticated  ok           ok            ok          ok           ok        ok        account_pending
slot:release              unauthenticated  ok           hold_expired  hold_expired hold_expired hold_expired hold_expired account_pending
appointment:book          unauthenticated  ok           ok            ok          forbidden    ok        ok        account_pending
appointment:book#for-the-patient unauthenticated ok     forbidden     ok          forbidden    ok        ok        account_pending
appointment:cancel        unauthenticated  ok           not_found     ok          not_found    ok        ok        account_pending
appointment:reschedule    unauthenticated  ok           not_found     ok          not_found    ok        ok        account_pending
room:watch                unauthenticated  ok           ok            ok          ok           ok        ok        account_pending
room:watch#by-link        ok               ok           ok            ok          ok           ok        ok        ok
room:watch#by-a-wrong-screen unauthenticated unauthenticated unauthenticated unauthenticated unauthenticated unauthenticated unauthenticated unauthenticated
room:unwatch              ok               ok           ok            ok          ok           ok        ok        ok
session:renew             ok               ok           forbidden     forbidden   forbidden    forbidden forbidden forbidden
`

export type Row = { call: string; about: string | undefined; cells: Partial<Record<Caller, string>> }

const toRow = (name: string, cells: string[], columns: readonly Caller[]): Row => {
	const [call = '', about] = name.split('#')
	if (cells.length !== columns.length) throw new Error(`the row of ${name} has ${cells.length} cells for ${columns.length} callers`)
	return { call, about, cells: Object.fromEntries(columns.map((caller, index) => [caller, cells[index]])) }
}

const rowsOf = (text: string, isRow: RegExp) => text.split('\n').filter(line => isRow.test(line))

export const httpRows: Row[] = rowsOf(http, /^[A-Z]+ +\//).map(line => {
	const [method, path, ...cells] = line.split(/ +/)
	return toRow(`${method} ${path}`, cells, callers)
})

export const eventRows: Row[] = rowsOf(events, /^[a-z]+:/).map(line => {
	const [name = '', ...cells] = line.split(/ +/)
	return toRow(name, cells, callers.slice(0, 8))
})
