TEXT = "{{ conn.not_a_template_field.host }}"
