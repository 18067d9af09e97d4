"""Run migrations on the connection that the store hands over."""

from alembic import context

from capexpand.web.tables import Stored

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Stored.metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
