// SPDX-License-Identifier: Apache-2.0

// Batches runs its arguments, each as a batch with a token of its own.
package main

import (
	"database/sql"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/trinodb/trino-go-client/trino"
)

func freshToken() string {
	token, err := exec.Command("nativejwt", "token", "--profile", "etl").Output()
	if err != nil {
		log.Fatal(err)
	}
	return strings.TrimSpace(string(token))
}

func main() {
	server := url.URL{Scheme: "https", Host: os.Getenv("TRINO_HOST") + ":" + os.Getenv("TRINO_PORT")}
	config := trino.Config{
		ServerURI:                  server.String(),
		SSLCertPath:                os.Getenv("TRINO_CA"),
		ForwardAuthorizationHeader: true,
	}
	dsn, err := config.FormatDSN()
	if err != nil {
		log.Fatal(err)
	}
	db, err := sql.Open("trino", dsn)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	for _, batch := range os.Args[1:] {
		rows, err := db.Query(batch, sql.Named("accessToken", freshToken()))
		if err != nil {
			log.Fatal(err)
		}
		for rows.Next() {
			var value string
			if err := rows.Scan(&value); err != nil {
				log.Fatal(err)
			}
			fmt.Println(value)
		}
		if err := rows.Err(); err != nil {
			log.Fatal(err)
		}
	}
}
