import { auditedRoute } from './audit-trail';

it.each([
  ['GET', '/v1/clients', 'client.list', 'clients'],
  ['HEAD', '/v1/clients/:id', 'client.read', 'clients'],
  ['GET', '/v1/appointments/:id', 'appointment.read', 'appointments'],
  ['POST', '/v1/appointments', 'appointment.created', 'appointments'],
  ['PATCH', '/v1/clients/:id', 'client.updated', 'clients'],
  ['DELETE', '/v1/clients/:id', 'client.deleted', 'clients'],
  ['POST', '/v1/appointments/:id/cancel', 'appointment.cancelled', 'appointments'],
  ['POST', '/v1/appointments/batch', 'appointment.batch', 'appointments'],
  ['GET', '/v1/clients/:id/duplicates', 'client.duplicates', 'clients'],
  ['POST', '/v1/connections/:connectionId/passthrough', 'connection.passthrough', 'connections'],
  ['GET', '/v1/events', 'event.list', 'events'],
])('%s %s is audited as %s', (method, url, action, resource) => {
  expect(auditedRoute(method, url)).toEqual({ action, resource });
});

it.each([
  ['GET', '/v1/services'],
  ['GET', '/v1/connections'],
  ['GET', '/v1/audit-events'],
  ['GET', '/v1/clientship'],
  ['GET', '/healthz'],
])('%s %s touches no client', (method, url) => {
  expect(auditedRoute(method, url)).toBeNull();
});
